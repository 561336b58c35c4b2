import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as S from './index.ts'

interface Row {
  ids: number[]
  typeIds: number[]
  attentionMask: number[]
  specialTokensMask: number[]
  offsets: [number, number][]
  wordIds: (number | null)[]
}
interface Case {
  file: string
  options?: { add_special_tokens: boolean }
  out: {
    input: string | [string, string]
    rows: (Pick<Row, 'ids'> & Partial<Row>)[]
    decoded: string
    full?: string
  }[]
  batch?: [ids: number[], mask: number[]][]
}
const golden = JSON.parse(
  readFileSync(new URL('../goldens/tokenizer-parts.json', import.meta.url), 'utf8'),
) as {
  texts: string[]
  cases: Record<string, Case>
  decoders: Record<string, { file: string; lists: number[][]; texts: string[] }>
}

const rowOf = (encoding: S.Encoding): Row => ({
  ids: [...encoding.ids],
  typeIds: [...encoding.typeIds],
  attentionMask: [...encoding.attentionMask],
  specialTokensMask: [...encoding.specialTokensMask],
  offsets: encoding.offsets.map(([start, end]) => [start, end]),
  wordIds: [...encoding.wordIds],
})

/** What the golden leaves out is as for a text alone; without places, any will do. */
const filled = (row: Pick<Row, 'ids'> & Partial<Row>, found: Row | undefined): Row => {
  const all = (value: number): number[] => row.ids.map(() => value)
  const usual = { typeIds: all(0), attentionMask: all(1), specialTokensMask: all(0) }
  return { offsets: found?.offsets ?? [], wordIds: found?.wordIds ?? [], ...usual, ...row }
}

describe('parts of tokenizer.json do what they do in Hugging Face’s library', () => {
  it.each(Object.entries(golden.cases))('%s', (_, want) => {
    const tokenizer = S.Tokenizer.fromJSON(want.file)
    expect(JSON.parse(JSON.stringify(tokenizer))).toEqual(JSON.parse(want.file))
    const addSpecialTokens = want.options?.add_special_tokens ?? true
    for (const { input, rows, decoded, full = decoded } of want.out) {
      const [text, pair = null] = typeof input === 'string' ? [input] : input
      const encoding = tokenizer.encode(text, { pair, addSpecialTokens })
      const found = [encoding, ...encoding.overflowing].map(rowOf)
      expect(found).toEqual(rows.map((row, i) => filled(row, found[i])))
      expect(tokenizer.decode(encoding.ids)).toBe(decoded)
      expect(tokenizer.decode(encoding.ids, { skipSpecialTokens: false })).toBe(full)
    }
    const batch = tokenizer.encodeBatch(golden.texts)
    for (const [i, [ids, mask]] of (want.batch ?? []).entries()) {
      expect([batch[i]!.ids, batch[i]!.attentionMask]).toEqual([ids, mask])
    }
  })

  it.each(Object.entries(golden.decoders))('decoder %s', (_, want) => {
    const tokenizer = S.Tokenizer.fromJSON(want.file)
    expect(JSON.parse(JSON.stringify(tokenizer))).toEqual(JSON.parse(want.file))
    expect(tokenizer.decodeBatch(want.lists)).toEqual(want.texts)
  })
})
