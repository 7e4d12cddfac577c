/* What every part of histograms and viewer is put into. */
"use strict";
const SbrtQa = {};
