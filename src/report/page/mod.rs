//! What every HTML page is made of: the document around it, its look, and the chart of one check.
//!
//! A page needs nothing else: no network, no font, no library. The policy in its head allows the page's own script and style alone, each by
//! its hash, so nothing in the data can run or change how it looks.

pub mod chart;
pub mod escape;
pub mod story;

use base64::Engine as _;
use sha2::{Digest, Sha256};

use self::escape::text;

const BASE_STYLE: &str = include_str!("base.css");
const CHART_STYLE: &str = include_str!("chart.css");
const CHART_SCRIPT: &str = include_str!("chart.js");

/// A page around its body.
pub struct Document<'a> {
    /// What the window is called. Not cleaned.
    pub title: &'a str,
    /// The style of this page, after the one that all share.
    pub style: &'static str,
    /// The script of this page, after the one of the chart.
    pub script: &'static str,
    /// What stands in it, as HTML.
    pub body: &'a str,
}

impl Document<'_> {
    /// The page, whole.
    pub fn render(&self) -> String {
        let style = format!("\n{BASE_STYLE}{CHART_STYLE}{}", self.style);
        let script = format!("{CHART_SCRIPT}{}", self.script);
        // Browsers that do not know `style-src-elem` take `style-src`. The places in the chart are attributes, which have no hash.
        let policy = format!(
            "default-src 'none'; style-src 'unsafe-inline'; style-src-elem '{}'; style-src-attr 'unsafe-inline'; script-src '{}'; \
             base-uri 'none'; form-action 'none'",
            hash(&style),
            hash(&script),
        );
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{}</title>\n<style>{style}</style>\n</head>\n<body>\n{}<script>{script}</script>\n</body>\n</html>\n",
            text(self.title),
            self.body,
        )
    }
}

fn hash(source: &str) -> String {
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(source.as_bytes())))
}
