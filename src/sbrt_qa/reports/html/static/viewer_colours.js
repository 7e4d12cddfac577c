/* Colours of dose: even steps of lightness from dark to light, and two hues for a difference, blue and orange, without a
   pale middle that would be lost on a grey image; both
   are told apart by people who see fewer colours. */
(() => {
  const RISING = ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"];
  const PARTED = ["#123f8c", "#2166ac", "#3b8bd1", "#6cb6e8", "#fdb863", "#f09329", "#d06c0a", "#8c4206"];
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const table = (stops) => {
    const out = new Uint8ClampedArray(256 * 3), parts = stops.map(rgb);
    for (let g = 0; g < 256; g++) {
      const place = (g / 255) * (parts.length - 1), i = Math.min(Math.floor(place), parts.length - 2);
      for (let c = 0; c < 3; c++) out[3 * g + c] = Math.round(parts[i][c] + (place - i) * (parts[i + 1][c] - parts[i][c]));
    }
    return out;
  };
  SbrtQa.colours = { rising: table(RISING), parted: table(PARTED), rgb };
})();
