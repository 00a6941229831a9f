//! The page in a real browser. Without one these tests are ignored, each by its name.

use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::browser::Page;
use crate::{fixture, hostile, page, replayed};

/// A test in an empty page.
type Test = fn(&mut Page);

/// Every test by its name.
pub const TESTS: &[(&str, Test)] = &[
    ("hostile_words_run_nothing", hostile_words_run_nothing),
    ("fits_every_width_in_light_and_dark", fits_every_width_in_light_and_dark),
    ("everything_can_be_told_from_its_ground", everything_can_be_told_from_its_ground),
    ("the_keyboard_chooses_and_goes_to_the_checks", the_keyboard_chooses_and_goes_to_the_checks),
    ("without_scripts_it_can_be_read_and_chosen", without_scripts_it_can_be_read_and_chosen),
    ("paper_holds_everything", paper_holds_everything),
];

/// A page in a file, and the address of it.
struct Written {
    address: String,
    _folder: TempDir,
}

impl Written {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.html");
        std::fs::write(&path, text).unwrap();
        Self { address: format!("file://{}", path.display()), _folder: folder }
    }

    fn hostile() -> Self {
        Self::new(&page(&hostile::scripts(), &[hostile::picture()]))
    }

    /// Of a real run with a failed check, as `kgrade replay` writes it.
    fn real() -> Self {
        Self::new(&replayed())
    }

    /// Of a whole lab, without pictures.
    fn lab() -> Self {
        Self::new(&page(&fixture("commit-and-key"), &[]))
    }

    /// Of a lab that did not come to a grade.
    fn undecided() -> Self {
        Self::new(&page(&fixture("broker-died"), &[]))
    }
}

/// Asserts that the page made no complaint, opened no dialog, and asked for nothing but itself.
#[track_caller]
fn assert_quiet(page: &mut Page, written: &Written) {
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert!(!page.told.iter().any(|(method, _)| method == "Page.javascriptDialogOpening"));
    assert_eq!(page.requests().iter().map(|url| url.split('#').next().unwrap()).collect::<Vec<_>>(), [&written.address]);
}

/// Keeps what the browser shows of the whole page, if a folder for it is named.
fn keep(page: &mut Page, name: &str) {
    use base64::Engine as _;
    if let Some(folder) = std::env::var_os("KGRADE_SCREENSHOTS") {
        let shot = page.ask("Page.captureScreenshot", json!({ "format": "png", "captureBeyondViewport": true }));
        let bytes = base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        std::fs::write(Path::new(&folder).join(format!("{name}.png")), bytes).unwrap();
    }
}

fn hostile_words_run_nothing(page: &mut Page) {
    let written = Written::hostile();
    page.size(1280, 900);
    page.go(&written.address);
    // Whatever waits for a pointer, the focus or a click gets it.
    page.eval("document.querySelectorAll('body *').forEach(one => { one.dispatchEvent(new MouseEvent('mouseover', { bubbles: true })); one.focus && one.focus(); })");
    page.eval("document.querySelectorAll('button, summary, label, a').forEach(one => one.click())");
    assert_eq!(page.eval("typeof window.canary"), "undefined");
    assert_eq!(page.eval("document.querySelectorAll('h1').length"), 1);
    assert_eq!(page.eval("document.querySelectorAll('script').length"), 1);
    assert_quiet(page, &written);
}

fn fits_every_width_in_light_and_dark(page: &mut Page) {
    let ground = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number).reduce((a, b) => a + b) / 3";
    for (name, written) in
        [("real", Written::real()), ("lab", Written::lab()), ("undecided", Written::undecided()), ("hostile", Written::hostile())]
    {
        for width in [360, 800, 1280] {
            for scheme in ["light", "dark"] {
                page.size(width, 900);
                page.media("screen", scheme);
                page.go(&written.address);
                let wide = page.eval("document.documentElement.scrollWidth").as_u64().unwrap();
                let outside = format!(
                    "[...document.querySelectorAll('body *')].filter(one => !one.closest('.scroll') && one.getBoundingClientRect().right > {width} + 1)\
                     .map(one => one.outerHTML.slice(0, 200))"
                );
                assert!(wide <= u64::from(width), "{name}: {wide} of {width}: {}", page.eval(&outside));
                assert_eq!(page.eval(&outside), json!([]), "{name} at {width}");
                assert_eq!(page.eval(ground).as_f64().unwrap() > 128.0, scheme == "light");
                keep(page, &format!("{name}-{width}-{scheme}"));
                assert_quiet(page, &written);
            }
        }
    }
}

/// The words with too little contrast to what is behind them, by the rule of WCAG 2 (4.5 to 1).
const FAINT: &str = "(() => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const rgb = colour => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); return canvas.getImageData(0, 0, 1, 1).data; };
    const light = colour => { const [r, g, b] = [...rgb(colour)].map(part => { part /= 255; return part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4; });
        return .2126 * r + .7152 * g + .0722 * b; };
    const ground = one => { for (; one; one = one.parentElement) { const found = getComputedStyle(one).backgroundColor; if (rgb(found)[3] === 255) return found; } return '#fff'; };
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), faint = [];
    while (walk.nextNode()) {
        const one = walk.currentNode.parentElement;
        if (!walk.currentNode.data.trim() || !one.checkVisibility() || one.closest('.track, script')) continue;
        const [a, b] = [light(getComputedStyle(one).color), light(ground(one))].sort((x, y) => y - x);
        if ((a + .05) / (b + .05) < 4.5) faint.push(one.className + ': ' + walk.currentNode.data.slice(0, 40));
    }
    return faint;
})()";

fn everything_can_be_told_from_its_ground(page: &mut Page) {
    page.size(1280, 900);
    for written in [Written::real(), Written::lab(), Written::undecided(), Written::hostile()] {
        for scheme in ["light", "dark"] {
            page.media("screen", scheme);
            page.go(&written.address);
            page.eval("document.querySelectorAll('details').forEach(one => one.open = true)");
            assert_eq!(page.eval(FAINT), json!([]), "{scheme}");
        }
        let levels = page.eval("[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(one => Number(one.tagName[1]))");
        let levels: Vec<u64> = levels.as_array().unwrap().iter().map(|level| level.as_u64().unwrap()).collect();
        assert_eq!(levels[0], 1);
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1 && pair[1] > 1), "{levels:?}");
    }
}

/// How many elements of a selector are there to be seen.
fn seen(page: &mut Page, selector: &str) -> u64 {
    page.eval(&format!("[...document.querySelectorAll('{selector}')].filter(one => one.checkVisibility()).length")).as_u64().unwrap()
}

fn tab(page: &mut Page) {
    for kind in ["rawKeyDown", "keyUp"] {
        page.ask("Input.dispatchKeyEvent", json!({ "type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9 }));
    }
}

fn the_keyboard_chooses_and_goes_to_the_checks(page: &mut Page) {
    let written = Written::lab();
    page.size(1280, 900);
    page.go(&written.address);
    let moves = "getComputedStyle(document.documentElement).scrollBehavior";
    for (wish, behaviour) in [("reduce", "auto"), ("no-preference", "smooth")] {
        let features = json!([{ "name": "prefers-reduced-motion", "value": wish }]);
        page.ask("Emulation.setEmulatedMedia", json!({ "features": features }));
        assert_eq!(page.eval(moves), behaviour);
    }
    tab(page);
    assert_eq!(page.eval("document.activeElement.className"), "skip");
    assert_eq!(page.eval("document.activeElement.getBoundingClientRect().top >= 0"), true, "the skip link is seen when it has the focus");
    tab(page);
    assert_eq!(page.eval("document.activeElement.id"), "show-all");
    assert_eq!(page.eval("getComputedStyle(document.activeElement).outlineStyle"), "solid");
    let all = seen(page, ".row");
    page.press("ArrowDown");
    assert_eq!(page.eval("document.activeElement.id"), "show-open");
    assert_eq!((all, seen(page, ".row"), seen(page, ".row.of-passed")), (7, 2, 0));
    page.press("ArrowUp");
    assert_eq!(seen(page, ".row"), 7);
    tab(page);
    assert_eq!(page.eval("document.activeElement.hash.startsWith('#check-')"), true);
    page.eval("document.activeElement.click()");
    assert_eq!(page.eval("document.querySelectorAll('.check:target').length"), 1);
    page.eval("document.querySelector('[data-copy]').click()");
    page.eval("new Promise(done => setTimeout(done, 200))");
    let said = page.eval("document.querySelector('[data-copy]').textContent");
    assert!(said == "copied" || said == "marked: press Ctrl+C", "{said}");
    assert_quiet(page, &written);
}

fn without_scripts_it_can_be_read_and_chosen(page: &mut Page) {
    let written = Written::real();
    page.size(1280, 900);
    page.ask("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
    page.go(&written.address);
    assert_eq!(seen(page, ".score, .headline, .mark span"), 3);
    assert_eq!((seen(page, "[data-copy]"), seen(page, ".tools")), (0, 0), "what needs a script is not shown");
    let lab = Written::lab();
    page.go(&lab.address);
    page.eval("document.querySelector('#show-open').click()");
    assert_eq!(seen(page, ".row"), 2);
}

fn paper_holds_everything(page: &mut Page) {
    let (written, lab) = (Written::real(), Written::lab());
    page.size(720, 1000);
    page.media("print", "dark");
    page.go(&written.address);
    assert!(page.eval("document.documentElement.scrollWidth").as_f64().unwrap() <= 720.0);
    assert_eq!(page.eval("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)", "paper is white");
    assert_eq!(seen(page, "[data-copy], .tools, .filter, summary, .skip"), 0);
    assert!(
        page.eval("document.querySelector('tr.marked').getBoundingClientRect().height").as_f64().unwrap() > 5.0,
        "the story is unfolded"
    );
    keep(page, "real-print");
    if let Some(folder) = std::env::var_os("KGRADE_SCREENSHOTS") {
        use base64::Engine as _;
        let pdf = page.ask("Page.printToPDF", json!({ "printBackground": true }));
        let bytes = base64::engine::general_purpose::STANDARD.decode(pdf["data"].as_str().unwrap()).unwrap();
        std::fs::write(Path::new(&folder).join("real.pdf"), bytes).unwrap();
    }
    page.media("screen", "light");
    page.go(&lab.address);
    page.eval("document.querySelector('#show-open').click()");
    page.media("print", "light");
    assert_eq!(seen(page, ".row"), 7, "what was chosen on the screen does not count");
}
