import { colorOf, element, palette, text } from './svg.ts'

/** Average width of a character of 12 units in the typeface. */
const LETTER = 6.4
const SWATCH = 28
const SPACE = 22
/** From one row to the one above. */
const ROW = 18
/** Kept free on the left of the row beside the name of the axis. */
const AXIS_NAME = 160

/**
 * Names with their colours, right-aligned above a panel: in one row, or in two, between which they are
 * divided evenly; those that do not fit are left out.
 */
export function legend(names: readonly string[], width: number): string[] {
  const widths = names.map((name) => SWATCH + name.length * LETTER + SPACE)
  const used = (from: number, to: number): number =>
    widths.slice(from, to).reduce((sum, w) => sum + w, 0)
  /** How many names from `from` on fit into a row. */
  const fitting = (from: number, room: number): number => {
    let to = names.length
    while (to > from + 1 && used(from, to) > room) to--
    return to
  }
  const row = (from: number, to: number, above: number): string[] => {
    let x = width - used(from, to) + SPACE
    return names.slice(from, to).flatMap((name, i) => {
      const at = x
      x += widths[from + i] as number
      return [
        element('path', {
          d: `M${at},${-20 - above}h20`,
          stroke: colorOf(from + i),
          'stroke-width': 3,
        }),
        text(at + SWATCH, -16 - above, name, { size: 12, color: palette.muted }),
      ]
    })
  }
  const inOne = fitting(0, width - AXIS_NAME)
  if (inOne === names.length) return row(0, inOne, 0)
  const upper = Math.min(fitting(0, width), Math.ceil(names.length / 2))
  return [...row(0, upper, ROW), ...row(upper, fitting(upper, width - AXIS_NAME), 0)]
}
