/** Texts that remember where their letters come from, and the changes that keep it so. */

/** A text with the range in the original text for each of its UTF-16 units. */
export class Aligned {
  readonly text: string
  readonly starts: Int32Array
  readonly ends: Int32Array

  constructor(text: string, starts: Int32Array, ends: Int32Array) {
    this.text = text
    this.starts = starts
    this.ends = ends
  }

  /** A text that was not changed yet. */
  static of(text: string): Aligned {
    const [starts, ends] = [new Int32Array(text.length), new Int32Array(text.length)]
    let at = 0
    for (const letter of text) {
      starts.fill(at, at, at + letter.length)
      ends.fill(at + letter.length, at, at + letter.length)
      at += letter.length
    }
    return new Aligned(text, starts, ends)
  }

  slice(start: number, end: number): Aligned {
    const { text, starts, ends } = this
    return new Aligned(
      text.slice(start, end),
      starts.subarray(start, end),
      ends.subarray(start, end),
    )
  }

  /** What it is after a change. */
  rewrite(change: Rewrite): Aligned {
    const edits = change.edits(this.text)
    if (edits.length === 0) return this
    let text = ''
    const from: number[] = []
    let at = 0
    const keep = (until: number): void => {
      text += this.text.slice(at, until)
      for (let i = at; i < until; i++) from.push(i)
    }
    for (const edit of edits) {
      keep(edit.start)
      text += edit.text
      // A text may be one edit, too long to be spread.
      for (const place of edit.from) from.push(place)
      at = edit.end
    }
    keep(this.text.length)
    const pick = (places: Int32Array): Int32Array =>
      Int32Array.from(from, (i) => (i < 0 ? 0 : (places[i] as number)))
    return new Aligned(text, pick(this.starts), pick(this.ends))
  }
}

/** A range of a text that is replaced. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
  /** For each unit of `text`, the place of the unit that it stands for; -1 for none. */
  readonly from: readonly number[]
}

/** A change of texts: quickly, or edit by edit for alignment; both must give the same text. */
export interface Rewrite {
  apply(text: string): string
  edits(text: string): readonly Edit[]
}

/** Which units of the original the units of a replacement stand for. */
export type Origin = (match: string, replacement: string, start: number) => number[]

/** Unit by unit; those in excess stand for the last one. */
export const each: Origin = (match, replacement, start) =>
  Array.from({ length: replacement.length }, (_, i) => start + Math.min(i, match.length - 1))

/** All stand for the last unit; without one, for that before. */
export const last: Origin = (match, replacement, start) =>
  Array.from({ length: replacement.length }, () => start + match.length - 1)

/** Replaces what a pattern (with the flag g) finds. */
export function replacing(
  pattern: RegExp,
  replace: (match: string) => string,
  origin: Origin = each,
): Rewrite {
  return {
    apply: (text) => text.replace(pattern, (match) => replace(match)),
    edits(text) {
      const edits: Edit[] = []
      for (const { 0: match, index: start } of text.matchAll(pattern)) {
        const made = replace(match)
        if (made === match) continue
        const from = origin(match, made, start)
        edits.push({ start, end: start + match.length, text: made, from })
      }
      return edits
    },
  }
}
