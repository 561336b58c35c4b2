/** Pictures as SVG, drawn by sharp. */
import { codec } from '../images/codec.ts'

/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [number, number, number]

export function css([red, green, blue]: Rgb): string {
  const level = (value: number): number => Math.round(Math.min(255, Math.max(0, value)))
  return `rgb(${level(red)},${level(green)},${level(blue)})`
}

/** Between two colours. */
export function blend(a: Rgb, b: Rgb, share: number): Rgb {
  const mix = (i: 0 | 1 | 2): number => a[i] + (b[i] - a[i]) * share
  return [mix(0), mix(1), mix(2)]
}

export function scaled(colour: Rgb, factor: number): Rgb {
  return [colour[0] * factor, colour[1] * factor, colour[2] * factor]
}

/** A colour by hue (0 to 360), saturation and lightness (0 to 1). */
export function hsl(hue: number, saturation: number, lightness: number): Rgb {
  const part = (n: number): number => {
    const k = (n + hue / 30) % 12
    const reach = saturation * Math.min(lightness, 1 - lightness)
    return 255 * (lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1)))
  }
  return [part(0), part(8), part(4)]
}

const short = (value: number): string => value.toFixed(2)

export function polygon(points: readonly (readonly [number, number])[], style: string): string {
  const list = points.map(([x, y]) => `${short(x)},${short(y)}`).join(' ')
  return `<polygon points="${list}" ${style}/>`
}

export function line(points: readonly (readonly [number, number])[], style: string): string {
  const list = points.map(([x, y]) => `${short(x)},${short(y)}`).join(' ')
  return `<polyline points="${list}" fill="none" ${style}/>`
}

export function rectangle(
  x: number,
  y: number,
  width: number,
  height: number,
  style: string,
): string {
  return `<rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}" ${style}/>`
}

export function ellipse(x: number, y: number, rx: number, ry: number, style: string): string {
  return `<ellipse cx="${short(x)}" cy="${short(y)}" rx="${short(rx)}" ry="${short(ry)}" ${style}/>`
}

/** A gradient from top to bottom as a definition, and the style that uses it. */
export function gradient(id: string, stops: readonly (readonly [number, Rgb])[]): string {
  const list = stops.map(([at, colour]) => `<stop offset="${at}" stop-color="${css(colour)}"/>`)
  return `<linearGradient id="${id}" x1="0" y1="0" x2="0" y2="1">${list.join('')}</linearGradient>`
}

/** The pixels of a drawing, [height, width, 3]. */
export async function render(body: string, height: number, width: number): Promise<Uint8Array> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${body}</svg>`
  const sharp = await codec()
  const pixels = await sharp(Buffer.from(svg)).removeAlpha().toColourspace('srgb').raw().toBuffer()
  return new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength)
}
