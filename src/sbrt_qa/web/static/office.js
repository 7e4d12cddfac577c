// Keys of the office; every page works without them.
"use strict";
document.documentElement.classList.add("scripted");
