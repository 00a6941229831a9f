//! Fenced blocks and links of a page.

/// A fenced block.
pub struct Block {
    /// What stands behind the fence, for example `yaml`.
    pub language: String,
    /// Its text.
    pub text: String,
    /// The line that it begins at, from 1.
    pub line: usize,
}

/// All fenced blocks.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut open = None;
    for (index, line) in page.lines().enumerate() {
        match (line.trim().strip_prefix("```"), &mut open) {
            (Some(language), None) => {
                open = Some(Block { language: language.to_owned(), text: String::new(), line: index + 2 });
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (None, Some(block)) => block.text.push_str(&format!("{line}\n")),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block that is not closed");
    found
}

/// The targets of all links outside of blocks.
pub fn links(page: &str) -> Vec<String> {
    let mut inside = false;
    let text: Vec<&str> = page
        .lines()
        .filter(|line| {
            let fence = line.trim().starts_with("```");
            inside ^= fence;
            !inside && !fence
        })
        .collect();
    let text = text.join(" ");
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned()).collect()
}

/// The anchors of a page's headings, as GitHub makes them.
pub fn anchors(page: &str) -> Vec<String> {
    let headings = page.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let anchor = |heading: &str| -> String {
        let kept = heading.to_lowercase().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).collect::<String>();
        kept.replace(' ', "-")
    };
    headings.map(anchor).collect()
}
