const search = document.getElementById("search");
search.closest("p").hidden = false;
search.addEventListener("input", () => {
  const wanted = search.value.trim().toLowerCase();
  for (const row of document.querySelectorAll(".all tbody tr")) row.hidden = !row.textContent.toLowerCase().includes(wanted);
});
