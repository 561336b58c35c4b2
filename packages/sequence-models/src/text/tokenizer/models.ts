/** Models of tokenizer.json. */
import { BPEModel, mergesOf } from './bpe.ts'
import type { JsonObject } from './json.ts'
import { damaged, field, unsupported, wholeNumber } from './json.ts'
import type { SubwordModel } from './model.ts'
import { UnigramModel } from './unigram.ts'
import { WordLevelModel } from './word-level.ts'
import { WordPieceModel } from './word-piece.ts'

/** @throws {ValueError} for a model that is not supported, or damaged. @internal */
export function modelOf(json: JsonObject): SubwordModel {
  // The oldest files do not say which it is.
  const guess = Array.isArray(json['merges']) ? 'BPE' : undefined
  switch (field(json, 'type', 'string', guess)) {
    case 'BPE':
      return bpeOf(json)
    case 'WordPiece':
      return new WordPieceModel(vocabOf(json), {
        unkToken: field(json, 'unk_token', 'string'),
        prefix: field(json, 'continuing_subword_prefix', 'string'),
        maxLetters: wholeNumber(json, 'max_input_chars_per_word', 100),
      })
    case 'WordLevel':
      return new WordLevelModel(vocabOf(json), field(json, 'unk_token', 'string'))
    case 'Unigram':
      return new UnigramModel(scoresOf(json), {
        unkId: (json['unk_id'] ?? null) === null ? null : wholeNumber(json, 'unk_id'),
        byteFallback: field(json, 'byte_fallback', 'boolean', false),
      })
    default:
      return unsupported('the model', { type: json['type'] })
  }
}

function bpeOf(json: JsonObject): BPEModel {
  const optional = (name: string): string | null =>
    (json[name] ?? null) === null ? null : field(json, name, 'string')
  // Leaving merges out by chance gives other tokens each time.
  const dropout = json['dropout'] ?? 0
  if (dropout !== 0) unsupported("the model's dropout", dropout)
  return new BPEModel(vocabOf(json), mergesOf(field(json, 'merges', 'array')), {
    unkToken: optional('unk_token'),
    fuseUnk: field(json, 'fuse_unk', 'boolean', false),
    byteFallback: field(json, 'byte_fallback', 'boolean', false),
    ignoreMerges: field(json, 'ignore_merges', 'boolean', false),
    continuingSubwordPrefix: optional('continuing_subword_prefix'),
    endOfWordSuffix: optional('end_of_word_suffix'),
  })
}

function vocabOf(json: JsonObject): Map<string, number> {
  const entries = Object.entries(field(json, 'vocab', 'object'))
  const ids = new Set<unknown>()
  for (const [token, id] of entries) {
    if (!Number.isSafeInteger(id) || (id as number) < 0 || (id as number) > 0x7fffffff) {
      damaged(`the number of the token ${JSON.stringify(token)} is ${JSON.stringify(id)}`)
    }
    if (ids.has(id)) damaged(`two tokens have the number ${String(id)}`)
    ids.add(id)
  }
  return new Map(entries as [string, number][])
}

function scoresOf(json: JsonObject): [string, number][] {
  for (const [i, entry] of field(json, 'vocab', 'array').entries()) {
    const right = Array.isArray(entry) && entry.length === 2
    if (!right || typeof entry[0] !== 'string' || typeof entry[1] !== 'number') {
      damaged(`the token ${i} of the vocabulary is no pair of a token and its score`)
    }
  }
  return json['vocab'] as [string, number][]
}
