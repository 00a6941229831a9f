for (const button of document.querySelectorAll("[data-copy]")) {
  const command = button.previousElementSibling;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(command.textContent);
      button.textContent = "copied";
    } catch {
      // Where a page may not write to the clipboard, the command is marked, ready for Ctrl+C.
      getSelection().selectAllChildren(command);
      button.textContent = "marked: press Ctrl+C";
    }
    setTimeout(() => { button.textContent = "copy"; }, 3000);
  });
}
const stories = [...document.querySelectorAll("details")];
for (const thing of document.querySelectorAll(".track a")) {
  thing.addEventListener("click", () => {
    const line = document.getElementById(thing.hash.slice(1)), story = line && line.closest("details");
    if (story) story.open = true;
  });
}
let closed = [];
addEventListener("beforeprint", () => {
  closed = stories.filter(story => !story.open);
  for (const story of closed) story.open = true;
});
addEventListener("afterprint", () => { for (const story of closed) story.open = false; });
