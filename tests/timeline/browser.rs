//! A headless Chromium, spoken to over two pipes: no port, no driver, no library.
//!
//! The protocol is Chrome's own (DevTools, `--remote-debugging-pipe`): JSON messages that end with a NUL, in on descriptor 3 and out on 4.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// What the browser may be called.
const NAMES: &[&str] = &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/// The browser: `KGRADE_CHROMIUM`, else one on the `PATH`.
pub fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("KGRADE_CHROMIUM") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).flat_map(|folder| NAMES.iter().map(move |name| folder.join(name))).find(|file| file.is_file())
}

/// A page in a browser of its own, which ends with it.
pub struct Page {
    browser: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    session: String,
    next: u64,
    /// Everything the browser told without being asked: method and parameters.
    pub told: Vec<(String, Value)>,
    _profile: tempfile::TempDir,
}

impl Page {
    /// An empty page. Console, exceptions and network are being listened to.
    pub fn open(browser: &Path) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null", "sh"])
            .arg(browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run"])
            .args(["--disable-background-networking", "--force-color-profile=srgb", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut page = Self { browser: child, to, from, session: String::new(), next: 0, told: Vec::new(), _profile: profile };
        let target = page.ask("Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = page.ask("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        page.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Network", "Log"] {
            page.ask(&format!("{domain}.enable"), json!({}));
        }
        page
    }

    /// Asks the browser for something and waits for its answer.
    pub fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = Value::from(self.session.clone());
        }
        let to = self.to.as_mut().unwrap();
        to.write_all(format!("{message}\0").as_bytes()).unwrap();
        to.flush().unwrap();
        loop {
            let answer = self.read();
            if answer["id"] == json!(id) {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    fn read(&mut self) -> Value {
        let mut message = Vec::new();
        self.from.read_until(0, &mut message).unwrap();
        assert_eq!(message.pop(), Some(0), "the browser went away");
        let message: Value = serde_json::from_slice(&message).unwrap();
        if let Some(method) = message["method"].as_str() {
            self.told.push((method.to_owned(), message["params"].clone()));
        }
        message
    }

    /// Goes to an address and waits until all of it is loaded.
    pub fn go(&mut self, url: &str) {
        self.told.clear();
        self.ask("Page.navigate", json!({ "url": url }));
        while !self.told.iter().any(|(method, _)| method == "Page.loadEventFired") {
            self.read();
        }
    }

    /// What an expression is in the page.
    pub fn eval(&mut self, expression: &str) -> Value {
        let result = self.ask("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true, "awaitPromise": true }));
        assert!(result.get("exceptionDetails").is_none(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    /// The size of the window in CSS pixels, and whether it is a phone's.
    pub fn size(&mut self, width: u32, height: u32) {
        let mobile = width < 600;
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile }),
        );
    }

    /// `light`, `dark`; `print` instead of the screen.
    pub fn media(&mut self, medium: &str, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.ask("Emulation.setEmulatedMedia", json!({ "media": medium, "features": features }));
    }

    #[allow(dead_code, reason = "the tests of the report keep whole pages")]
    /// A picture of what is in the window.
    pub fn screenshot(&mut self) -> Vec<u8> {
        use base64::Engine as _;
        let shot = self.ask("Page.captureScreenshot", json!({ "format": "png" }));
        base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()
    }

    /// A key is pressed.
    pub fn press(&mut self, key: &str) {
        for kind in ["rawKeyDown", "keyUp"] {
            self.ask("Input.dispatchKeyEvent", json!({ "type": kind, "key": key, "code": key }));
        }
    }

    /// What went wrong in the page: errors on the console, exceptions, what the policy refused.
    pub fn complaints(&mut self) -> Vec<String> {
        // An answer comes after everything that was told before it.
        self.eval("1");
        let bad = |(method, told): &(String, Value)| match method.as_str() {
            "Runtime.exceptionThrown" => true,
            "Log.entryAdded" => told["entry"]["level"] == "error" || told["entry"]["level"] == "warning",
            "Runtime.consoleAPICalled" => told["type"] == "error" || told["type"] == "warning" || told["type"] == "assert",
            _ => false,
        };
        self.told.iter().filter(|entry| bad(entry)).map(|(method, told)| format!("{method}: {told}")).collect()
    }

    /// The addresses that were asked for, the page's own included.
    pub fn requests(&self) -> Vec<String> {
        let asked = self.told.iter().filter(|(method, _)| method == "Network.requestWillBeSent");
        asked.filter_map(|(_, told)| told["request"]["url"].as_str().map(str::to_owned)).collect()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // The browser ends, with all its processes, when its pipe is closed.
        self.to = None;
        let _ = self.browser.wait();
    }
}
