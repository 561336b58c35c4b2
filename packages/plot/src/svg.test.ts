import { decode } from 'fast-png'
import { expect, test } from 'vitest'
import { element, renderPng, svgDocument, text } from './svg.ts'

/** The pixels of one character, drawn large. */
function glyph(character: string, bold = false): string {
  const svg = svgDocument(60, 60, [text(10, 45, character, { size: 40, bold })])
  return Buffer.from(decode(renderPng(svg)).data).toString('base64')
}

test('every character that the pictures use has a glyph in the typeface', () => {
  const missing = glyph('\u{10fffd}')
  const blank = glyph(' ')
  for (const bold of [false, true]) {
    const absent = Array.from('aZ09.,;:%()→<>&/×·é').filter((character) =>
      [missing, blank].includes(glyph(character, bold)),
    )
    expect(absent).toEqual([])
  }
  expect(glyph('a')).not.toBe(glyph('a', true)) // the bold face is another one
})

test('text is drawn as it is given, whatever XML makes of it', () => {
  const svg = svgDocument(60, 60, [text(0, 20, '<b>&"\u0000\u001b', { size: 10 })])
  expect(svg).toContain('>&lt;b&gt;&amp;&quot;</text>')
  expect(decode(renderPng(svg)).width).toBe(120)
  expect(element('g', { id: '"<' })).toBe('<g id="&quot;&lt;"></g>')
})
