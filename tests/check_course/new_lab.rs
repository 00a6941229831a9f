//! `kgrade new lab`: what it writes is graded, as it says.

use crate::school::School;

#[test]
fn a_new_lab_grades_at_once_and_its_course_is_as_it_should_be() {
    let school = School::empty();
    let said = school.kgrade(&["new", "lab", "my-course/lab-30"]);
    let wrote = "wrote  fixtures/lab-30/mistakes/reads-from-the-end/expect.yaml
wrote  fixtures/lab-30/mistakes/reads-from-the-end/lab-30/relay.py
wrote  fixtures/lab-30/solution/lab-30/relay.py
wrote  my-course/course.yaml
wrote  my-course/lab-30/handout.md
wrote  my-course/lab-30/lab.yaml
wrote  my-course/lab-30/starter/lab-30/relay.py
wrote  my-course/schema/lab.v1.json
next   kgrade lab-30 --checks my-course --submission fixtures/lab-30/solution
       kgrade lab-30 --checks my-course --submission fixtures/lab-30/mistakes/reads-from-the-end
       kgrade check-course my-course
";
    assert_eq!((said.code, said.text.as_str()), (Some(0), wrote));

    let checked = school.kgrade(&["check-course", "my-course"]);
    assert_eq!(checked.code, Some(0), "{}", checked.text);
    let sum = "✓ lab-30  1 of 1 solution · 1 of 1 mistake · starter 0 of 100 points";
    assert!(checked.text.contains(sum) && checked.text.ends_with("the course is as it should be\n"), "{}", checked.text);

    school.write("my-course/lab-30/handout.md", "mine");
    let again = school.kgrade(&["new", "lab", "my-course/lab-30"]);
    assert_eq!((again.code, school.read("my-course/lab-30/handout.md").as_str()), (Some(2), "mine"), "{}", again.text);
    assert!(again.text.contains("my-course/lab-30 holds a lab already; nothing was written"), "{}", again.text);

    // The course has other commands, too.
    for arguments in [&["roadmap"][..], &["status"], &["list"], &["lint"]] {
        let said = school.kgrade(&[arguments, &["--checks", "my-course"]].concat());
        assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.text);
    }
}

#[test]
fn a_second_lab_says_what_its_author_has_to_add() {
    let school = School::new();
    let said = school.kgrade(&["new", "lab", "course/lab-91"]);
    assert_eq!(said.code, Some(0), "{}", said.text);
    let todo = "todo   add lab-91 to the `labs` of a block in course/course.yaml, and to its check the `criterion` that it serves\n";
    assert!(said.text.contains(todo), "{}", said.text);
    let said = school.kgrade(&["check-course", "course", "--static", "--lab", "lab-91"]);
    assert!(said.code == Some(1) && said.text.contains("course.yaml does not name lab-91"), "{}", said.text);
    let said = school.kgrade(&["new", "lab", "lab-92"]);
    assert!(said.code == Some(2) && said.text.contains("my-course/lab-92"), "{}", said.text);
}
