import { ValueError } from '@flambeau/core'
import { requireText } from '@flambeau/core/internal'
import { createRequire } from 'node:module'
import { Resvg } from '@resvg/resvg-js'

/** The typeface of every picture. It comes from npm, because a fresh machine has no fonts. */
const fontFamily = 'Inter'
const fontFiles: string[] = [
  '@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf',
  '@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf',
].map((file) => createRequire(import.meta.url).resolve(file))

/** The colours of every picture: dark on light, and told apart by colour-blind readers as well. */
export const palette = {
  background: '#ffffff',
  ink: '#1b2330',
  muted: '#667085',
  grid: '#e6e9ef',
  blue: '#2563c9',
  orange: '#d9730d',
  red: '#d1242f',
} as const

/** Colours of things side by side, in order; after the last they begin again. */
export const cycle: readonly string[] = [
  palette.blue,
  palette.orange,
  '#1a7f4b',
  '#8b3fc4',
  palette.red,
  '#0e8a9c',
  '#8a5a2b',
  '#d0418f',
  '#667085',
  '#9a9412',
]

/** The colour of the `i`-th thing. */
export function colorOf(i: number): string {
  return cycle[i % cycle.length] as string
}

/** An SVG element; numbers are rounded to hundredths, which no eye can tell from the rest. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  content = '',
): string {
  const written = Object.entries(attributes).map(([key, value]) => {
    const text = typeof value === 'number' ? String(Math.round(value * 100) / 100) : escape(value)
    return ` ${key}="${text}"`
  })
  return `<${name}${written.join('')}>${content}</${name}>`
}

export interface TextStyle {
  size: number
  color?: string
  bold?: boolean
  anchor?: 'start' | 'middle' | 'end'
}

/** A line of text with its baseline at `y`. */
export function text(x: number, y: number, content: string, style: TextStyle): string {
  const { size, color = palette.ink, bold = false, anchor = 'start' } = style
  return element(
    'text',
    {
      x,
      y,
      fill: color,
      'font-size': size,
      'font-weight': bold ? 600 : 400,
      'text-anchor': anchor,
    },
    escape(content),
  )
}

/** Elements moved together. */
export function group(x: number, y: number, content: readonly string[]): string {
  return element('g', { transform: `translate(${x},${y})` }, content.join('\n'))
}

/** A whole picture as the text of an SVG file. */
export function svgDocument(width: number, height: number, content: readonly string[]): string {
  const frame = { width: '100%', height: '100%', fill: palette.background }
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      'xmlns:xlink': 'http://www.w3.org/1999/xlink',
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      'font-family': `${fontFamily}, sans-serif`,
    },
    [element('rect', frame), ...content].join('\n'),
  )
}

/** Draws an SVG as a PNG, `scale` pixels to each of its units, the same on every machine. */
export function renderPng(svg: string, scale = 2): Uint8Array {
  return render(svg, scale).asPng()
}

/** Draws an SVG as red, green, blue and opacity of each pixel. */
export function renderPixels(
  svg: string,
  scale: number,
): { width: number; height: number; rgba: Uint8Array } {
  const { width, height, pixels } = render(svg, scale)
  return { width, height, rgba: pixels }
}

function render(svg: string, scale: number): ReturnType<Resvg['render']> {
  const font = { loadSystemFonts: false, fontFiles, defaultFontFamily: fontFamily }
  try {
    return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: scale } }).render()
  } catch (error) {
    const rule = `the picture cannot be drawn (${(error as Error).message})`
    throw new ValueError('Figure.png', [], rule, 'choose a larger scale, or save it as .svg')
  }
}

/** Escapes what XML gives a meaning, and drops the control characters that it does not allow. */
function escape(value: string): string {
  requireText('plot', 'a text of the picture', value)
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return value
    .replaceAll(/[^\P{Cc}\t\n]/gu, '')
    .replaceAll(/[&<>"]/g, (character) => entities[character] ?? '')
}
