// Lines and bands across a strip: steps in a quiet colour, alerts in a loud one.
const QUIET = new Set(["step", "shutter", "message", "run", "event"]);

export function drawMarks(u, marks, style, labelled) {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio || 1;
  let free = -Infinity;
  ctx.save();
  ctx.font = `${11 * ratio}px ${style.fontFamily}`;
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  for (const mark of [...marks].sort((a, b) => a.x - b.x)) {
    const from = u.valToPos(mark.x, "x", true);
    const edge = bbox.left + bbox.width;
    const to = mark.end ? u.valToPos(mark.end, "x", true) : (mark.open ? Math.max(from, edge) : from);
    if (!(to >= bbox.left && from <= edge)) continue;
    const quiet = QUIET.has(mark.kind);
    const colour = style.getPropertyValue(quiet ? "--muted" : "--bad").trim();
    const at = Math.max(from, bbox.left);
    if (!quiet && to > at) {
      ctx.globalAlpha = 0.12;
      ctx.fillStyle = colour;
      ctx.fillRect(at, bbox.top, Math.min(to, edge) - at, bbox.height);
      ctx.globalAlpha = 1;
    }
    ctx.strokeStyle = colour;
    ctx.lineWidth = (quiet ? 1 : 1.5) * ratio;
    ctx.setLineDash(quiet ? [3 * ratio, 4 * ratio] : []);
    ctx.beginPath();
    ctx.moveTo(at, bbox.top);
    ctx.lineTo(at, bbox.top + bbox.height);
    ctx.stroke();
    const width = ctx.measureText(mark.label ?? "").width;
    if (labelled && mark.label && at > free && at + width < edge + 8 * ratio) {
      ctx.fillStyle = colour;
      ctx.fillText(mark.label, at + 4 * ratio, bbox.top + 3 * ratio);
      free = at + width + 10 * ratio;
    }
  }
  ctx.restore();
}
