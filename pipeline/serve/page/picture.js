"use strict";
// ---- a picture as the question: chosen, dropped or pasted

const kMostPictureBytes = 16 << 20;  // the server's limit
const pictures = [];          // of this visit; the address has a number, from 1
let takes_pictures = false;   // of the model

/// A file that the server takes: what is another format or too large is drawn anew.
async function sendable(file) {
  if (/^image\/(jpeg|png|webp)$/.test(file.type) && file.size <= kMostPictureBytes) return file;
  const kMostSide = 2048;
  const drawn = await createImageBitmap(file);
  const scale = Math.min(1, kMostSide / Math.max(drawn.width, drawn.height));
  const canvas = element("canvas", {width: Math.ceil(drawn.width * scale), height: Math.ceil(drawn.height * scale)});
  canvas.getContext("2d").drawImage(drawn, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.95));
}

async function search_by(file) {
  if (!file) return;
  if (!takes_pictures) {
    $("status").textContent = "This model finds videos by words alone. Pictures need an index of a pretrained encoder pair.";
    return;
  }
  try {
    const sent = await sendable(file);
    pictures.push({sent, name: file.name || "the picture", url: URL.createObjectURL(sent)});
    visit({page: "search", picture: pictures.length, like: "", at: "", video: "", t: ""});
    $("query").focus();
  } catch {
    $("status").textContent = `${file.name || "This"} is no picture that the browser can read.`;
  }
}

$("choose").addEventListener("click", () => $("picture").click());
$("picture").addEventListener("change", () => {
  search_by($("picture").files[0]);
  $("picture").value = "";
});
document.addEventListener("paste", (event) => {
  const file = event.clipboardData.files[0];
  if (!file) return;
  event.preventDefault();
  search_by(file);
});
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();  // else the browser leaves the page for the file
    document.body.classList.add("dropping");
  });
}
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
document.addEventListener("drop", (event) => {
  document.body.classList.remove("dropping");
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  search_by(event.dataTransfer.files[0]);
});
