/** What is done to the tokens of one text or of a pair, by the names of tokenizer.json. */
import { ValueError } from '@flambeau/core'
import { SPACE_LETTER } from './byte-level.ts'
import type { Columns, Offsets } from './columns.ts'
import { addedColumns, join, withType } from './columns.ts'
import type { JsonObject } from './json.ts'
import { choice, damaged, field, objects, unsupported, wholeNumber } from './json.ts'

/** What is done with tokens before they are joined. @internal */
export interface PostProcessor {
  /** How many tokens it adds. */
  readonly added: (pair: boolean) => number
  readonly process: (
    parts: readonly Columns[],
    addSpecialTokens: boolean,
    nameOf: (id: number) => string,
  ) => readonly Columns[]
}

/** Without one, the second text of a pair has the type 1. */
const plain: PostProcessor = {
  added: () => 0,
  process: (parts) => parts,
}

/** @throws {ValueError} for a part that is not supported, or damaged. @internal */
export function postProcessorOf(json: JsonObject | null): PostProcessor {
  if (json === null) return plain
  switch (field(json, 'type', 'string')) {
    case 'Sequence': {
      const parts = objects(json, 'processors').map(postProcessorOf)
      return {
        added: (pair) => parts.reduce((sum, part) => sum + part.added(pair), 0),
        process: (columns, special, nameOf) =>
          parts.reduce((out, part) => part.process(out, special, nameOf), columns),
      }
    }
    case 'ByteLevel': {
      if (!field(json, 'trim_offsets', 'boolean')) return plain
      const prefix = field(json, 'add_prefix_space', 'boolean')
      return {
        added: () => 0,
        process: (parts, _, nameOf) => parts.map((part) => trimmed(part, prefix, nameOf)),
      }
    }
    case 'BertProcessing':
      return aroundTexts(json, 'bert')
    case 'RobertaProcessing':
      return aroundTexts(json, 'roberta')
    case 'TemplateProcessing':
      return template(json)
    default:
      return unsupported('the post-processor', json)
  }
}

/** Offsets without the spaces of tokens, but for one that was added. */
function trimmed(columns: Columns, prefix: boolean, nameOf: (id: number) => string): Columns {
  const { ids, offsets } = columns
  const overflowing = columns.overflowing.map((one) => trimmed(one, prefix, nameOf))
  if (offsets === null) return { ...columns, overflowing }
  const isSpace = (letter: string | undefined): boolean =>
    letter === SPACE_LETTER || (letter !== undefined && /\p{White_Space}/u.test(letter))
  const trim = ([start, end]: Offsets, i: number): Offsets => {
    const letters = Array.from(nameOf(ids[i] as number))
    let [leading, trailing] = [0, 0]
    while (isSpace(letters[leading])) leading++
    while (isSpace(letters.at(-1 - trailing))) trailing++
    if (prefix && leading === 1 && (i === 0 || start === 0)) leading = 0
    const from = Math.min(start + leading, end)
    return [from, trailing > 0 && end >= trailing ? Math.max(end - trailing, from) : end]
  }
  return { ...columns, offsets: offsets.map(trim), overflowing }
}

function tokenOf(json: JsonObject, name: string): number {
  const [content, id] = field(json, name, 'array')
  if (typeof content !== 'string') damaged(`'${name}' must begin with a token`)
  return wholeNumber({ type: json['type'], [name]: id }, name)
}

/** `[CLS] A [SEP] B [SEP]`, or `<s> A </s> </s> B </s>` with one type for all. */
function aroundTexts(json: JsonObject, style: 'bert' | 'roberta'): PostProcessor {
  const [sep, cls] = [tokenOf(json, 'sep'), tokenOf(json, 'cls')]
  const roberta = style === 'roberta'
  const trims = roberta && field(json, 'trim_offsets', 'boolean')
  const prefix = roberta && field(json, 'add_prefix_space', 'boolean')
  return {
    added: (pair) => (pair ? (roberta ? 4 : 3) : 2),
    process(parts, addSpecialTokens, nameOf) {
      return parts.map((part, i) => {
        const own = trims ? trimmed(part, prefix, nameOf) : part
        const typed = withType(own, roberta ? 0 : i)
        if (!addSpecialTokens) return typed
        const token = (id: number): Columns =>
          addedColumns([id], roberta ? 0 : i, own.offsets !== null)
        if (i === 0) return join([token(cls), typed, token(sep)])
        return join(roberta ? [token(sep), typed, token(sep)] : [typed, token(sep)])
      })
    },
  }
}

interface Piece {
  /** The place of a text, or the tokens to add. */
  readonly what: number | readonly number[]
  readonly typeId: number
}

function template(json: JsonObject): PostProcessor {
  const known = field(json, 'special_tokens', 'object')
  const piece = (one: JsonObject): Piece => {
    const [kind = ''] = Object.keys(one)
    const inner = field(one, choice({ kind }, 'kind', ['Sequence', 'SpecialToken']), 'object')
    const [id, typeId] = [field(inner, 'id', 'string'), wholeNumber(inner, 'type_id')]
    if (kind === 'Sequence')
      return { what: choice({ id }, 'id', ['A', 'B']) === 'A' ? 0 : 1, typeId }
    const ids = field(field(known, id, 'object'), 'ids', 'array')
    return { what: ids.map((n) => wholeNumber({ [id]: n }, id)), typeId }
  }
  const [single, pair] = [objects(json, 'single').map(piece), objects(json, 'pair').map(piece)]
  if (single.some(({ what }) => what === 1)) damaged("'single' of TemplateProcessing has a B")
  const count = (pieces: readonly Piece[]): number =>
    pieces.reduce((sum, { what }) => sum + (typeof what === 'number' ? 0 : what.length), 0)
  return {
    added: (two) => count(two ? pair : single),
    process(parts, addSpecialTokens) {
      if (parts.length > 2) {
        const rule = 'TemplateProcessing must be the only part of a Sequence that adds tokens'
        throw new ValueError('Tokenizer.encode', {}, rule, 'leave out what stands before it')
      }
      const places = parts[0]?.offsets !== null
      return (parts.length === 1 ? single : pair)
        .filter(({ what }) => addSpecialTokens || typeof what === 'number')
        .map(({ what, typeId }) =>
          typeof what === 'number'
            ? withType(parts[what] as Columns, typeId)
            : addedColumns([...what], typeId, places),
        )
    },
  }
}
