/** Segmentations of COCO: polygons and run lengths become masks. */

/** Throws a FormatError. */
export type CocoFail = (reason: string) => never

/** Fills `mask` [height, width] with 1 where the centre of a pixel lies in a polygon x0, y0, x1, y1 … */
export function fillPolygon(
  mask: Uint8Array,
  height: number,
  width: number,
  points: readonly number[],
): void {
  const count = Math.floor(points.length / 2)
  const crossings: number[] = []
  for (let row = 0; row < height; row++) {
    const y = row + 0.5
    crossings.length = 0
    for (let i = 0; i < count; i++) {
      const j = (i + 1) % count
      const [x0 = 0, y0 = 0] = [points[2 * i], points[2 * i + 1]]
      const [x1 = 0, y1 = 0] = [points[2 * j], points[2 * j + 1]]
      if (y0 <= y !== y1 <= y) crossings.push(x0 + ((y - y0) / (y1 - y0)) * (x1 - x0))
    }
    crossings.sort((a, b) => a - b)
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const from = Math.max(0, Math.ceil((crossings[i] as number) - 0.5))
      const to = Math.min(width, Math.ceil((crossings[i + 1] as number) - 0.5))
      if (to > from) mask.fill(1, row * width + from, row * width + to)
    }
  }
}

/** Run lengths from their text: six bits a character, differences to the run before the last one. */
function parseCounts(text: string, fail: CocoFail): number[] {
  const counts: number[] = []
  for (let at = 0; at < text.length;) {
    let value = 0
    let shift = 0
    for (let more = true; more;) {
      const code = text.charCodeAt(at++) - 48
      if (!(code >= 0 && code < 64) || shift > 30) return fail('run lengths that cannot be read')
      value += (code & 0x1f) * 2 ** shift
      shift += 5
      more = (code & 0x20) !== 0
      if (!more && (code & 0x10) !== 0) value -= 2 ** shift
    }
    counts.push(counts.length > 2 ? value + (counts.at(-2) as number) : value)
  }
  return counts
}

/** Fills `mask` from run lengths that go down the columns and begin with a run of 0. */
export function fillRuns(
  mask: Uint8Array,
  height: number,
  width: number,
  given: readonly number[] | string,
  fail: CocoFail,
): void {
  const counts = typeof given === 'string' ? parseCounts(given, fail) : given
  let at = 0
  for (const [i, count] of counts.entries()) {
    if (!Number.isInteger(count) || count < 0 || at + count > height * width) {
      return fail(`run lengths that do not fit ${height} × ${width} pixels`)
    }
    if (i % 2 === 1) {
      for (let k = at; k < at + count; k++) mask[(k % height) * width + Math.floor(k / height)] = 1
    }
    at += count
  }
  if (at !== height * width) fail(`run lengths of ${at} pixels for ${height} × ${width}`)
}
