//! Tables as spreadsheets and people write them.

use super::*;

fn parse(text: &str) -> Result<Roster, Problems> {
    table::parse(text.as_bytes(), Path::new("/cohort"))
}

fn problems(text: &str) -> Vec<String> {
    parse(text).unwrap_err().0
}

fn ids(roster: &Roster) -> Vec<&str> {
    roster.members.iter().map(|member| member.id.as_str()).collect()
}

#[test]
fn a_table_is_read_as_spreadsheets_write_it() {
    let plain = "id,name,path\nada,\"Lovelace, Ada\",work/ada\nbob,Bob,../bob\n";
    let roster = parse(plain).unwrap();
    assert_eq!(ids(&roster), ["ada", "bob"]);
    assert_eq!(roster.members[0].name.as_deref(), Some("Lovelace, Ada"));
    assert_eq!(roster.members[1].source, Source::Folder("/cohort/../bob".into()));
    for other in [
        format!("\u{feff}{plain}"),
        plain.replace('\n', "\r\n"),
        plain.trim_end().to_owned(),
        format!("\n\n{plain}\n,,\n\n"),
        plain.replace("id,name,path", " ID , Name ,PATH"),
        plain.replace("bob,Bob,", " bob , Bob ,  "),
        "id;name;path\nada;Lovelace, Ada;work/ada\nbob;Bob;../bob\n".to_owned(),
        "id\tname\tpath\nada\tLovelace, Ada\twork/ada\nbob\tBob\t../bob\n".to_owned(),
    ] {
        assert_eq!(parse(&other).unwrap(), roster, "{other:?}");
    }
}

#[test]
fn addresses_commits_and_times() {
    let roster = parse(
        "id,url,commit,due,extension,path\nada,https://github.com/school/lab-ada.git,0123abc,2026-12-01T12:00:00+01:00,2d,\n\
         bob,git@github.com:school/lab-bob,,,2026-12-09T12:00:00Z,\neve,,main,,,eve\n",
    )
    .unwrap();
    let [ada, bob, eve] = &roster.members[..] else { panic!("{roster:?}") };
    assert_eq!((ada.due, ada.extension), (Some(Moment(1_796_122_800)), Some("2d".parse().unwrap())));
    assert!(matches!(&ada.source, Source::Git { from: Repository::Remote(_), commit: Some(commit) } if commit == "0123abc"));
    assert!(matches!(bob.extension, Some(More::Until(_))));
    assert!(matches!(&eve.source, Source::Git { from: Repository::Local(path), .. } if path == Path::new("/cohort/eve")));
}

#[test]
fn unknown_columns_are_noted() {
    let roster = parse("id,path,e-mail\nada,a,ada@example.org\n").unwrap();
    assert_eq!(roster.notes, ["the column `e-mail` of the cohort means nothing to kgrade and is ignored"]);
}

#[test]
fn all_that_is_wrong_is_told_at_once_with_its_line() {
    let text = "id,path,url,commit,due\n\nada,a\nADA,b\n../x,c\n\"two\nlines\",d\nbob,,\ncy,c,https://x.org/y\nd,,--upload-pack=x\n\
                e,,https://x.org/y,--orphan\nf,f,,,tomorrow\ng,a,,,,,more\n,x\n";
    let told = problems(text);
    let expected = [
        "line 4: `ADA` is there twice: line 3 has it, too (upper and lower case count as one)",
        "line 5: the id `../x` holds '/'; take letters, digits, and . _ - @",
        "line 6: the id `two\\nlines` holds '\\n'; take letters, digits, and . _ - @",
        "line 8: bob: there is neither a path nor a url",
        "line 9: cy: there is a path and a url; leave one of the two empty",
        "line 10: d: the url ",
        "line 11: e: the commit ",
        "line 12: f: `tomorrow` is no moment",
        "line 13: there are 7 cells for 5 columns",
        "line 14: the id is empty",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told} is not {expected}");
    }
}

#[test]
fn a_header_must_say_what_is_there() {
    assert_eq!(problems("name,path\nada,a\n"), ["line 1: the header must name the columns `id`, and `path` or `url`"]);
    assert_eq!(problems("id,path,ID\nada,a,b\n"), ["line 1: the column `id` is there twice"]);
    assert_eq!(problems("ada,/work/ada\n").len(), 1);
    assert_eq!(parse("").unwrap(), Roster::default());
    let latin = table::parse(b"id,name,path\nada,J\xfcrgen,a\n", Path::new("/")).unwrap_err();
    assert_eq!(latin.0, ["line 2 is not UTF-8; save the table as \"CSV UTF-8\""]);
    let wide: Vec<u8> = "\u{feff}id,path\nada,a\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wide = table::parse(&wide, Path::new("/")).unwrap_err();
    assert_eq!(wide.0, ["line 1 is not UTF-8; save the table as \"CSV UTF-8\""]);
}

#[test]
fn many_problems_are_counted() {
    let rows: String = (0..50).map(|n| format!("a{n},\n")).collect();
    let told = parse(&format!("id,path\n{rows}")).unwrap_err().to_string();
    assert!(told.ends_with("and 30 more") && told.lines().count() == 21, "{told}");
}

#[test]
fn an_id_becomes_a_folder_and_nothing_else() {
    for id in ["ada", "ada.l", "Ada Lovelace (2)", "学生-7", "x@example.org", "o'neil"] {
        assert_eq!(check_id(id), Ok(()), "{id}");
    }
    for id in ["", ".", "..", ".git", "a/b", "a\\b", "-rf", "a\0", "a\u{202e}b", "=cmd", " a", "a ", "a.", "a:b", "a*", &"x".repeat(101)] {
        assert!(check_id(id).is_err(), "{id:?}");
    }
}

#[test]
fn a_folder_is_a_cohort() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["bob", "ada", ".git"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    std::fs::write(folder.path().join("README.md"), "").unwrap();
    std::os::unix::fs::symlink("ada", folder.path().join("eve")).unwrap();
    let mut roster = Roster::open(folder.path()).unwrap();
    assert_eq!(ids(&roster), ["ada", "bob"]);
    assert_eq!(roster.notes, ["left out: README.md is no folder", "left out: eve is a link"]);
    let refused = roster.only(&["bob".to_owned(), "adda".to_owned()]).unwrap_err().to_string();
    assert_eq!(refused, "there is no `adda` in the cohort; did you mean `ada`?");
    roster.only(&["bob".to_owned()]).unwrap();
    assert_eq!(ids(&roster), ["bob"]);

    std::fs::create_dir(folder.path().join("-rf")).unwrap();
    std::fs::create_dir(folder.path().join("BOB")).unwrap();
    let told = format!("{:#}", Roster::open(folder.path()).unwrap_err());
    assert!(told.contains("`-rf` cannot begin") && told.contains("`bob` is there twice"), "{told}");
    let empty = tempfile::tempdir().unwrap();
    assert!(Roster::open(empty.path()).unwrap_err().to_string().contains("has no members"));
}
