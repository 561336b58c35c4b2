/** A small typeface of pixels, for words within images. */

/** Rows of a character. */
const ROWS = 7
/** Columns of a character, and from one to the next. */
const [COLUMNS, STEP] = [5, 6]

/** Of each character from ' ' to '~' the rows, each a digit of base 32: its five pixels. */
const GLYPHS =
  '00000004444404aaa0000aavavaa4fke5u4op248j3cik8lid44800002488842842224804lel40044v440' +
  '0000c48000v00000000cc01248g0ehjlphe4c4444eeh1248vv2421he26aiv22vgu11he68guhhev124888' +
  'ehhehheehhf12c0cc0cc00cc0c48248g84200v0v008421248eh12404eh1dlleehhvhhhuhhuhhuehggghe' +
  'sihhhisvgguggvvggugggehgnhhfhhhvhhhe44444e72222ichikokihggggggvhrllhhhhhpljhhehhhhhe' +
  'uhhugggehhhliduhhukihfgge11uv444444hhhhhhehhhhha4hhhlllahha4ahhhhha444v1248gve88888e' +
  '0g84210e22222e4ah0000000000v842000000e1fhfggmphhu00egghe11djhhf00ehvge698s8880fhhf1e' +
  'ggmphhh40c444e20622icggikokic44444e00qllhh00mphhh00ehhhe00uhugg00djf1100mpggg00ege1u' +
  '88s889600hhhjd00hhha400hhlla00ha4ah00hhf1e00v248v244844244444448442448008l200'
/** Stands for all other characters. */
const UNKNOWN = 'vhhhhhv'

/** A line of text as pixels. */
export interface TextLine {
  readonly width: number
  readonly height: number
  /** Is there ink in row y of column x? */
  has(x: number, y: number): boolean
}

/** A line of text; what is not ASCII is drawn as boxes. */
export function textLine(text: string): TextLine {
  const glyphs = Array.from(text, (letter) => {
    const at = (letter.codePointAt(0) as number) - 32
    return (at >= 0 && GLYPHS.slice(at * ROWS, (at + 1) * ROWS)) || UNKNOWN
  })
  return {
    width: Math.max(0, glyphs.length * STEP - 1),
    height: ROWS,
    has(x, y) {
      const column = x % STEP
      const row = Number.parseInt(glyphs[Math.floor(x / STEP)]?.[y] ?? '0', 32)
      return column < COLUMNS && ((row >> (COLUMNS - 1 - column)) & 1) === 1
    },
  }
}
