//! The page, in a real browser. Without one these tests are ignored, each by its name; `apt-get install chromium` brings it.

use std::path::Path;

use crate::browser::Page;

/// The page, loaded by a browser of its own.
pub struct Opened {
    page: Page,
    address: String,
    _folder: tempfile::TempDir,
}

impl Opened {
    /// A browser, and the page in a file.
    pub fn new(browser: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.html");
        crate::text(&["--html", path.to_str().unwrap()]);
        Self { page: Page::open(browser), address: format!("file://{}", path.display()), _folder: folder }
    }
}

/// A test of the page.
type Test = fn(&mut Opened);

/// Every test by its name.
pub const TESTS: &[(&str, Test)] = &[
    ("shows_the_mistake_at_once_and_asks_for_nothing", shows_the_mistake_at_once_and_asks_for_nothing),
    ("is_dark_where_the_person_wants_it", is_dark_where_the_person_wants_it),
    ("fits_a_phone", fits_a_phone),
    ("the_keyboard_reaches_everything", the_keyboard_reaches_everything),
    ("without_scripts_the_words_are_there", without_scripts_the_words_are_there),
    ("can_be_printed", can_be_printed),
];

/// Whether the first element of a selector can be seen in the window, all or part of it.
const VISIBLE: &str = "(selector => { const box = document.querySelector(selector).getBoundingClientRect(); \
    return box.width > 0 && box.height > 0 && box.left < innerWidth && box.right > 0 && box.top < innerHeight && box.bottom > 0; })";

/// Asserts that the page made no complaint and asked for nothing but itself.
#[track_caller]
fn assert_quiet(page: &mut Page, address: &str) {
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert_eq!(page.requests(), [address.to_owned()]);
}

fn shows_the_mistake_at_once_and_asks_for_nothing(Opened { page, address, .. }: &mut Opened) {
    page.size(1200, 900);
    page.media("screen", "light");
    page.go(address);
    assert_quiet(page, address);
    for selector in [".headline", ".mark span", "a.guilty", ".involved", ".callout"] {
        assert_eq!(page.eval(&format!("{VISIBLE}('{selector}')")), true, "{selector}");
    }
    let lanes = page.eval("[...document.querySelectorAll('.name:not(.axis) > span')].map(name => name.textContent).join(' ')");
    assert_eq!(lanes, "grader first partition 0 partition 1 partition 2");
    // The line of the mistake goes through the commit, and the delivery in hand is around it.
    let through = "(() => { const mark = document.querySelector('.mark').getBoundingClientRect().left, \
        held = document.querySelector('.involved').getBoundingClientRect(), \
        commit = document.querySelector('a.guilty').getBoundingClientRect().left; \
        return Math.abs(mark - commit) < 3 && held.left < mark && mark < held.right; })()";
    assert_eq!(page.eval(through), true);
    page.size(1200, 835);
    save(page, "KGRADE_SCREENSHOT");
}

/// Writes what is in the window to the file that the variable names, if it names one: so the pictures in `docs` are made.
fn save(page: &mut Page, variable: &str) {
    if let Some(path) = std::env::var_os(variable) {
        std::fs::write(Path::new(&path), page.screenshot()).unwrap();
    }
}

fn is_dark_where_the_person_wants_it(Opened { page, address, .. }: &mut Opened) {
    page.size(1200, 900);
    let light = "(() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number).reduce((a, b) => a + b) / 3)()";
    for (scheme, bright) in [("light", true), ("dark", false)] {
        page.media("screen", scheme);
        page.go(address);
        assert_eq!(page.eval(light).as_f64().unwrap() > 128.0, bright, "{scheme}");
        save(page, &format!("KGRADE_SCREENSHOT_{}", scheme.to_uppercase()));
        assert_quiet(page, address);
    }
}

fn fits_a_phone(Opened { page, address, .. }: &mut Opened) {
    page.size(400, 900);
    page.media("screen", "light");
    page.go(address);
    assert!(page.eval("document.documentElement.scrollWidth").as_f64().unwrap() <= 400.0, "the page does not move sideways");
    // The chart does, and it stands at the mistake.
    assert_eq!(page.eval("document.querySelector('.scroll').scrollWidth > document.querySelector('.scroll').clientWidth"), true);
    page.eval("document.querySelector('.scroll').scrollIntoView()");
    assert_eq!(page.eval(&format!("{VISIBLE}('.mark span') && {VISIBLE}('a.guilty')")), true);
    save(page, "KGRADE_SCREENSHOT_NARROW");
    assert_quiet(page, address);
}

fn the_keyboard_reaches_everything(Opened { page, address, .. }: &mut Opened) {
    page.size(1200, 900);
    page.go(address);
    page.eval("document.querySelector('[data-go]').click()");
    assert_eq!(page.eval("document.activeElement.classList.contains('guilty')"), true);
    let told = page.eval("document.querySelector('.detail').textContent");
    assert!(told.as_str().unwrap().contains("is not delivered yet"), "{told}");
    page.press("ArrowLeft");
    let before = page.eval("document.querySelector('.detail').textContent");
    assert_ne!(before, told);
    page.press("ArrowUp");
    assert_eq!(page.eval("document.activeElement.getAttribute('aria-label').includes('first: ')"), true);
    page.eval("document.querySelector('[data-zoom=in]').click()");
    assert_eq!(page.eval(&format!("{VISIBLE}('.mark')")), true, "the mark stays in sight when it is magnified");
    assert_quiet(page, address);
}

fn without_scripts_the_words_are_there(Opened { page, address, .. }: &mut Opened) {
    page.size(1200, 900);
    page.ask("Emulation.setScriptExecutionDisabled", serde_json::json!({ "value": true }));
    page.go(address);
    assert_eq!(page.eval(&format!("{VISIBLE}('.headline') && {VISIBLE}('.mark span')")), true);
    assert_eq!(page.eval("document.querySelector('.tools').checkVisibility()"), false, "what needs a script is not shown");
    assert_eq!(page.eval("document.querySelectorAll('tr.marked').length"), 1);
    // A thing in the chart leads to its line.
    let link = "document.getElementById(document.querySelector('a.guilty').hash.slice(1)).classList.contains('marked')";
    assert_eq!(page.eval(link), true);
}

fn can_be_printed(Opened { page, address, .. }: &mut Opened) {
    page.size(780, 1000);
    page.media("print", "light");
    page.go(address);
    assert!(page.eval("document.documentElement.scrollWidth").as_f64().unwrap() <= 780.0);
    assert_eq!(page.eval("document.querySelector('.tools').checkVisibility()"), false);
    assert_eq!(page.eval("getComputedStyle(document.querySelector('.scroll')).overflowX"), "visible");
    let pdf = page.ask("Page.printToPDF", serde_json::json!({}));
    assert!(pdf["data"].as_str().unwrap().len() > 10_000);
}
