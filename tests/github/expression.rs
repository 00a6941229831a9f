//! The expressions of GitHub's workflows, as far as the workflows here use them. Whatever is not known is refused: a test must not pass
//! because something was guessed.

use serde_json::{Map, Value};

/// What expressions may look at: `github`, `inputs`, `steps`, and so on.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The contexts by name.
    pub contexts: Map<String, Value>,
    /// Whether a step before failed.
    pub failed: bool,
}

/// What came of an expression, or why it cannot be evaluated.
pub type Evaluated = Result<Value, String>;

impl Scope {
    /// The value of what stands between `${{` and `}}`.
    pub fn evaluate(&self, text: &str) -> Evaluated {
        let tokens = tokens(text)?;
        let mut reader = Reader { tokens: &tokens, at: 0, scope: self };
        let value = reader.or()?;
        if reader.at == tokens.len() { Ok(value) } else { Err(format!("`{text}`: not understood from `{:?}`", &tokens[reader.at..])) }
    }

    /// A text with its `${{ }}` replaced.
    pub fn fill(&self, text: &str) -> Result<String, String> {
        let (mut filled, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once("${{") {
            let (inner, behind) = after.split_once("}}").ok_or_else(|| format!("`{text}` has no end"))?;
            filled.push_str(before);
            filled.push_str(&as_text(&self.evaluate(inner)?));
            rest = behind;
        }
        Ok(filled + rest)
    }

    /// Whether a step or job with this `if` runs. Without a word about the state before, it runs when nothing failed.
    pub fn runs(&self, condition: Option<&str>) -> Result<bool, String> {
        let Some(condition) = condition else { return Ok(!self.failed) };
        let inner = condition.trim();
        let inner = inner.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(inner);
        let asks = ["always()", "success()", "failure()", "cancelled()"].iter().any(|word| inner.contains(word));
        Ok((asks || !self.failed) && truth(&self.evaluate(inner)?))
    }
}

/// How a value stands in a text.
pub fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(bool) => *bool,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        _ => true,
    }
}

/// GitHub compares texts without case, and values of two kinds as numbers.
fn same(left: &Value, right: &Value) -> bool {
    fn number(value: &Value) -> f64 {
        match value {
            Value::Null => 0.0,
            Value::Bool(bool) => f64::from(u8::from(*bool)),
            Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
            Value::String(text) if text.is_empty() => 0.0,
            Value::String(text) => text.parse().unwrap_or(f64::NAN),
            _ => f64::NAN,
        }
    }
    match (left, right) {
        (Value::String(left), Value::String(right)) => left.eq_ignore_ascii_case(right),
        _ => number(left) == number(right),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Text(String),
    Name(String),
    Sign(&'static str),
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(sign) = ["==", "!=", "&&", "||", "!", "(", ")"].into_iter().find(|sign| rest.starts_with(sign)) {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else if let Some(quoted) = rest.strip_prefix('\'') {
            let (inner, behind) = quoted.split_once('\'').ok_or_else(|| format!("`{text}`: a text without its end"))?;
            if behind.starts_with('\'') {
                return Err(format!("`{text}`: quoted quotes are not known here"));
            }
            tokens.push(Token::Text(inner.to_owned()));
            rest = behind;
        } else {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_-.".contains(c))).unwrap_or(rest.len());
            if end == 0 {
                return Err(format!("`{text}`: `{rest}` is not known here"));
            }
            tokens.push(Token::Name(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    scope: &'a Scope,
}

impl Reader<'_> {
    fn sign(&mut self, sign: &str) -> bool {
        let is = matches!(self.tokens.get(self.at), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(is);
        is
    }

    fn or(&mut self) -> Evaluated {
        let mut value = self.and()?;
        while self.sign("||") {
            let other = self.and()?;
            value = if truth(&value) { value } else { other };
        }
        Ok(value)
    }

    fn and(&mut self) -> Evaluated {
        let mut value = self.equal()?;
        while self.sign("&&") {
            let other = self.equal()?;
            value = if truth(&value) { other } else { value };
        }
        Ok(value)
    }

    fn equal(&mut self) -> Evaluated {
        let value = self.one()?;
        if self.sign("==") {
            return Ok(same(&value, &self.one()?).into());
        }
        if self.sign("!=") {
            return Ok((!same(&value, &self.one()?)).into());
        }
        Ok(value)
    }

    fn one(&mut self) -> Evaluated {
        if self.sign("!") {
            return Ok((!truth(&self.one()?)).into());
        }
        if self.sign("(") {
            let value = self.or()?;
            return if self.sign(")") { Ok(value) } else { Err("a bracket is not closed".to_owned()) };
        }
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        match token {
            Some(Token::Text(text)) => Ok(Value::String(text)),
            Some(Token::Name(name)) if self.sign("(") => {
                if !self.sign(")") {
                    return Err(format!("{name}(…) with arguments is not known here"));
                }
                match name.as_str() {
                    "always" => Ok(true.into()),
                    "cancelled" => Ok(false.into()),
                    "success" => Ok((!self.scope.failed).into()),
                    "failure" => Ok(self.scope.failed.into()),
                    _ => Err(format!("{name}() is not known here")),
                }
            }
            Some(Token::Name(name)) => match name.as_str() {
                "true" => Ok(true.into()),
                "false" => Ok(false.into()),
                "null" => Ok(Value::Null),
                _ if name.parse::<f64>().is_ok() => serde_json::from_str(&name).map_err(|error| error.to_string()),
                _ => self.context(&name),
            },
            other => Err(format!("{other:?} is not understood")),
        }
    }

    /// A path such as `steps.grade.outputs.score`. What is below `outputs`, `env` and `event` may be missing, nothing else.
    fn context(&self, path: &str) -> Evaluated {
        let mut names = path.split('.');
        let first = names.next().unwrap_or_default();
        let mut value = self.scope.contexts.get(first).ok_or_else(|| format!("the context `{first}` of `{path}` is not there"))?;
        let mut may_miss = ["env", "secrets"].contains(&first);
        for name in names {
            value = match value.get(name) {
                Some(value) => value,
                None if may_miss => return Ok(Value::Null),
                None => return Err(format!("`{path}`: there is no `{name}`")),
            };
            may_miss |= ["outputs", "event"].contains(&name);
        }
        Ok(value.clone())
    }
}

/// The rules above, tried out.
pub fn rules() -> Result<(), libtest_mimic::Failed> {
    let contexts = serde_json::json!({
        "steps": { "a": { "outputs": { "x": "1" }, "outcome": "success" } },
        "inputs": { "sign": false, "lab": "lab-02" },
        "github": { "event": {}, "sha": "c0ffee" },
    });
    let Value::Object(contexts) = contexts else { return Err("no object".into()) };
    let mut scope = Scope { contexts, failed: false };
    for (text, wanted) in [
        ("github.event.pull_request.head.sha || github.sha", "c0ffee"),
        ("steps.a.outputs.y", ""),
        ("steps.a.outputs.x == 1 && 'yes' || 'no'", "yes"),
        ("!inputs.sign && inputs.lab == 'LAB-02'", "true"),
        ("inputs.sign || (inputs.lab != 'lab-02')", "false"),
    ] {
        let got = as_text(&scope.evaluate(text)?);
        if got != wanted {
            return Err(format!("`{text}` is `{got}`, not `{wanted}`").into());
        }
    }
    for wrong in ["steps.b.outputs.x", "inputs.nothing", "hashFiles('x')", "fromJSON()", "github.sha ~ 1", "'a", "(true", "true true"] {
        if let Ok(value) = scope.evaluate(wrong) {
            return Err(format!("`{wrong}` is taken for {value}").into());
        }
    }
    scope.failed = true;
    for (condition, wanted) in [(None, false), (Some("inputs.lab"), false), (Some("${{ !cancelled() && inputs.lab }}"), true)] {
        if scope.runs(condition)? != wanted {
            return Err(format!("after a failure, {condition:?} is not {wanted}").into());
        }
    }
    Ok(())
}
