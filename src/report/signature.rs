//! Signatures beside result files, in minisign's format: whoever has `minisign` can check them without kgrade.

use std::io::Cursor;

use anyhow::{Context, Result, anyhow, bail};
use minisign::{KeyPair, PublicKey, PublicKeyBox, SecretKey, SecretKeyBox, SignatureBox};

use super::summary;
use crate::outcome::{Outcome, Tier, no_sandbox};

/// What stands after the name of a signed file in the name of its signature.
pub const END: &str = "minisig";

/// A new pair of keys: the secret one, without a password, and the public one, as the files hold them.
///
/// # Errors
/// When the system gives no random numbers.
pub fn new_keys() -> Result<(String, String)> {
    let pair = KeyPair::generate_unencrypted_keypair()?;
    let secret = pair.sk.to_box(Some("kgrade secret key: keep it from everybody"))?.into_string();
    Ok((secret, pair.pk.to_box()?.into_string()))
}

/// Reads a secret key as its file holds it.
///
/// # Errors
/// When it is none, or has a password.
pub fn secret_key(text: &str) -> Result<SecretKey> {
    let boxed = SecretKeyBox::from_string(text.trim())
        .map_err(|_| anyhow!("this is no secret key of minisign; `kgrade sign --new-key FILE` makes one"))?;
    boxed.into_unencrypted_secret_key().map_err(|_| {
        anyhow!(
            "the secret key has a password, or is damaged; nobody could type it in a workflow: make one with `kgrade sign --new-key FILE`"
        )
    })
}

/// Reads a public key: as its file holds it, or the one line of it that counts.
///
/// # Errors
/// When it is none.
pub fn public_key(text: &str) -> Result<PublicKey> {
    let text = text.trim();
    let key = if text.contains('\n') {
        PublicKeyBox::from_string(text).and_then(PublicKeyBox::into_public_key)
    } else {
        PublicKey::from_base64(text)
    };
    key.map_err(|_| anyhow!("this is no public key of minisign; it is a line that begins with RW"))
}

/// Signs the bytes of a file. `told` is signed with them, and shown by every tool that checks.
///
/// # Errors
/// When the key cannot be used.
pub fn sign(bytes: &[u8], key: &SecretKey, told: &str) -> Result<String> {
    // The comment is one line: what follows a line break would be read as something else.
    let told: String = told.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect();
    let public = PublicKey::from_secret_key(key)?;
    Ok(minisign::sign(Some(&public), key, Cursor::new(bytes), Some(&told), Some("signature from kgrade"))?.into_string())
}

/// Checks a signature, and gives what was signed with it.
///
/// # Errors
/// When it is no signature, or not of this key over these bytes.
pub fn verify(bytes: &[u8], signature: &str, key: &PublicKey) -> Result<String> {
    let signature = SignatureBox::from_string(signature).map_err(|_| anyhow!("this is no signature of minisign"))?;
    if signature.keynum() != key.keynum() {
        bail!("it was signed with another key than this one");
    }
    minisign::verify(key, &signature, Cursor::new(bytes), true, false, false)
        .map_err(|_| anyhow!("the signature does not fit: the file was changed after it was signed, or the signature was"))?;
    signature.trusted_comment().context("the signature tells nothing")
}

/// What a signature tells of a result.
#[must_use]
pub fn comment(outcome: &Outcome) -> String {
    let mut told = vec![outcome.lab.clone(), summary::score(outcome)];
    told.extend(outcome.late.as_ref().map(|late| format!("{} after lateness", late.score)));
    if !outcome.complete {
        told.push("not a grade".to_owned());
    }
    told.extend(summary::facts(outcome));
    told.join(" · ")
}

/// What a right signature of this result does not prove, a sentence each.
#[must_use]
pub fn unproven(outcome: &Outcome) -> Vec<String> {
    let run = &outcome.run;
    let mut open = Vec::new();
    match run.tier {
        Tier::Practice => open.push(
            "that this run was as it says: it was made on the learner's machine, where everything can be changed, also kgrade and the evidence".to_owned(),
        ),
        Tier::Ci => open.push(
            "that the workflow was the instructor's: whoever can change it can change the run; compare the workflow and the commit above with yours".to_owned(),
        ),
        Tier::Official => {}
    }
    if run.sandbox == no_sandbox() {
        open.push("that the learner's programs could not reach the grader: they ran without a sandbox, as the same user".to_owned());
    }
    if run.commit.is_none() {
        open.push("which commit this was: the submission was no git checkout".to_owned());
    } else {
        open.push("when the work was done: the time of a commit is what the committer's own git wrote".to_owned());
    }
    open.push("who wrote the program".to_owned());
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> (SecretKey, PublicKey) {
        let (secret, public) = new_keys().unwrap();
        (secret_key(&secret).unwrap(), public_key(&public).unwrap())
    }

    #[test]
    fn what_was_signed_is_proven_and_nothing_else() {
        let (secret, public) = keys();
        let signature = sign(b"a result", &secret, "lab-02 · 65 of 100\ntrusted comment: forged").unwrap();
        assert_eq!(verify(b"a result", &signature, &public).unwrap(), "lab-02 · 65 of 100 trusted comment: forged");
        let refusal = |bytes: &[u8], signature: &str, key: &PublicKey| verify(bytes, signature, key).unwrap_err().to_string();
        assert!(refusal(b"a resulT", &signature, &public).contains("was changed after it was signed"));
        assert!(refusal(b"a result", &signature.replace("65", "95"), &public).contains("or the signature was"));
        assert!(refusal(b"a result", &signature, &keys().1).contains("another key"));
        assert!(refusal(b"a result", "nonsense", &public).contains("no signature"));
    }

    #[test]
    fn a_key_is_read_from_its_file_or_its_line() {
        let (secret, public) = new_keys().unwrap();
        let line = public.lines().nth(1).unwrap();
        assert_eq!(public_key(line).unwrap(), public_key(&public).unwrap());
        assert!(public_key(&secret).is_err() && public_key("RWnonsense").is_err());
        assert!(secret_key(&public).is_err() && secret_key("").is_err());
    }

    #[test]
    fn each_tier_leaves_its_own_open() {
        let mut outcome = crate::report::json::read(include_str!("../../fixtures/outcomes/full-pass.json")).unwrap();
        let said = |outcome: &Outcome| unproven(outcome).join("\n");
        assert!(said(&outcome).contains("on the learner's machine") && said(&outcome).contains("without a sandbox"));
        outcome.run.tier = Tier::Ci;
        assert!(said(&outcome).contains("that the workflow was the instructor's"));
        (outcome.run.tier, outcome.run.sandbox, outcome.run.commit) = (Tier::Official, "bubblewrap".to_owned(), None);
        assert_eq!(unproven(&outcome).len(), 2, "{}", said(&outcome));
        assert!(comment(&outcome).starts_with("lab-02 · 100 of 100 points · tier official"), "{}", comment(&outcome));
    }
}
