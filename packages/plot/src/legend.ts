import { colorOf, element, palette, text } from './svg.ts'

/** Average width of a character of 12 units in the typeface. */
const LETTER = 6.4
const SWATCH = 28
const SPACE = 22

/** Names with their colours, right-aligned above a panel; those that do not fit are left out. */
export function legend(names: readonly string[], width: number): string[] {
  const widths = names.map((name) => SWATCH + name.length * LETTER + SPACE)
  let fits = names.length
  const used = (count: number): number => widths.slice(0, count).reduce((sum, w) => sum + w, 0)
  while (fits > 1 && used(fits) > width - 160) fits--
  let x = width - used(fits) + SPACE
  return names.slice(0, fits).flatMap((name, i) => {
    const at = x
    x += widths[i] as number
    return [
      element('path', { d: `M${at},-20h20`, stroke: colorOf(i), 'stroke-width': 3 }),
      text(at + SWATCH, -16, name, { size: 12, color: palette.muted }),
    ]
  })
}
