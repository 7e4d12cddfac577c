// Beside a page: the SHA-256 of each part of an upload, so that the page stays at hand meanwhile.
"use strict";
self.onmessage = async event => {
  const { id, blob } = event.data;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
  self.postMessage({ id, hash: [...digest].map(byte => byte.toString(16).padStart(2, "0")).join("") });
};
