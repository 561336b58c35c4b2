/** CoNLL-U, the format of Universal Dependencies: a word a line, ten columns, an empty line behind a sentence. */
import { requireSentenceList } from '../inputs.ts'
import { ValueError } from '@flambeau/core'
import { requireText } from '@flambeau/core/internal'
import { headsProblem } from './trees.ts'

/** A word of a sentence; null where the file has an underscore. */
export interface Word {
  readonly form: string
  readonly lemma: string | null
  /** The part of speech, of Universal Dependencies' 17. */
  readonly upos: string | null
  /** The part of speech of the language. */
  readonly xpos: string | null
  /** `Name=Value|…`. */
  readonly feats: string | null
  /** The place of the word that this one depends on, counted from 1; 0 for the root of the sentence. */
  readonly head: number | null
  /** How it depends on that. */
  readonly deprel: string | null
  /** Enhanced dependencies, `head:relation|…`. */
  readonly deps: string | null
  readonly misc: string | null
}

/** Several words that are written as one, such as `del` for `de el`. */
export interface MultiwordToken {
  /** The first and the last word, counted from 1. */
  readonly first: number
  readonly last: number
  readonly form: string
  readonly feats: string | null
  readonly misc: string | null
}

/** A word that is not written, of enhanced dependencies. */
export interface EmptyNode extends Omit<Word, 'head' | 'deprel'> {
  /** The word that it stands behind, counted from 1, or 0; and which one there it is, from 1. */
  readonly after: number
  readonly index: number
}

/** A sentence of CoNLL-U. */
export interface Sentence {
  /** Lines before the words, without `#` and the space behind it. */
  readonly comments: readonly string[]
  readonly words: readonly Word[]
  readonly multiwordTokens: readonly MultiwordToken[]
  readonly emptyNodes: readonly EmptyNode[]
}

const COLUMNS = [
  'ID',
  'FORM',
  'LEMMA',
  'UPOS',
  'XPOS',
  'FEATS',
  'HEAD',
  'DEPREL',
  'DEPS',
  'MISC',
] as const

/** The parts of a sentence as they are read. */
interface Draft {
  /** The line that it begins at. */
  readonly line: number
  readonly comments: string[]
  readonly words: Word[]
  readonly multiwordTokens: MultiwordToken[]
  readonly emptyNodes: EmptyNode[]
}

function fail(line: number, rule: string, fix: string): never {
  throw new ValueError('readConllu', { line }, `line ${line}: ${rule}`, fix)
}

/**
 * Reads the text of a file in CoNLL-U. What {@link writeConllu} makes of the sentences is the text again.
 *
 * @throws {ValueError} with the number of the line for rows without ten columns, numbers that do not go
 * on, columns that are empty, heads that there are not, and sentences whose heads make no tree.
 * @see https://universaldependencies.org/format.html
 *
 * @example
 * ```ts
 * import { readConllu } from '@flambeau/sequence-models'
 * const row = (...columns: (string | number)[]) => columns.join('\t')
 * const [sentence] = readConllu(
 *   [
 *     '# text = Birds sing',
 *     row(1, 'Birds', 'bird', 'NOUN', '_', 'Number=Plur', 2, 'nsubj', '_', '_'),
 *     row(2, 'sing', 'sing', 'VERB', '_', '_', 0, 'root', '_', '_'),
 *   ].join('\n'),
 * )
 * console.log(sentence!.words.map(({ form, head }) => [form, head])) // => [ [ 'Birds', 2 ], [ 'sing', 0 ] ]
 * ```
 */
export function readConllu(text: string): Sentence[] {
  const sentences: Sentence[] = []
  let draft: Draft | null = null
  requireText('readConllu', 'text', text)
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const finish = (line: number): void => {
    if (draft === null) return
    sentences.push(finished(draft, line))
    draft = null
  }
  for (const [i, row] of lines.entries()) {
    const line = i + 1
    if (row.trim() === '') {
      finish(line)
      continue
    }
    draft ??= { line, comments: [], words: [], multiwordTokens: [], emptyNodes: [] }
    if (row.startsWith('#')) {
      if (draft.words.length + draft.multiwordTokens.length + draft.emptyNodes.length > 0) {
        fail(line, 'a comment stands between words', 'put comments before a sentence')
      }
      draft.comments.push(row.slice(row.startsWith('# ') ? 2 : 1))
    } else {
      readRow(draft, row, line)
    }
  }
  finish(lines.length)
  return sentences
}

function readRow(draft: Draft, row: string, line: number): void {
  const columns = row.split('\t')
  if (columns.length !== COLUMNS.length) {
    fail(line, `${columns.length} columns in place of 10`, 'put one tab between columns')
  }
  const empty = columns.findIndex((column) => column.trim() === '')
  if (empty >= 0)
    fail(line, `the column ${COLUMNS[empty]} is empty`, 'write _ where there is nothing')
  const [id, form] = columns as [string, string]
  const at = (name: (typeof COLUMNS)[number]): string | null => {
    const value = columns[COLUMNS.indexOf(name)] as string
    return value === '_' ? null : value
  }
  // The word that is an underscore has itself as its lemma.
  const lemma = form === '_' ? (columns[2] as string) : at('LEMMA')
  const [xpos, feats, deps, misc] = [at('XPOS'), at('FEATS'), at('DEPS'), at('MISC')]
  const own = { form, lemma, upos: at('UPOS'), xpos, feats, deps, misc }
  if (feats !== null && !feats.split('|').every((part) => /^[^=]+=[^=]+$/.test(part))) {
    fail(line, `FEATS '${feats}' is no list of Name=Value`, 'put | between features')
  }
  const expected = draft.words.length + 1
  const [, a, sign, b] = /^(\d+)(?:([-.])(\d+))?$/.exec(id) ?? []
  if (a === undefined)
    fail(line, `the number '${id}' is none of 1, 1-2 and 1.1`, 'number words from 1 on')
  if (sign === '-') {
    const [first, last] = [Number(a), Number(b)]
    const covered = draft.multiwordTokens.at(-1)?.last ?? 0
    if (first !== expected || last < first || first <= covered) {
      fail(
        line,
        `the words ${id} do not begin with ${expected}`,
        'put them before their first word',
      )
    }
    draft.multiwordTokens.push({ first, last, form, feats, misc })
  } else if (sign === '.') {
    const before =
      draft.emptyNodes.findLast(({ after }) => after === draft.words.length)?.index ?? 0
    if (Number(a) !== draft.words.length || Number(b) !== before + 1) {
      const next = `${draft.words.length}.${before + 1}`
      fail(line, `the empty node ${id} stands where ${next} would`, 'number them from .1 on')
    }
    draft.emptyNodes.push({ after: Number(a), index: Number(b), ...own })
  } else {
    if (Number(a) !== expected) {
      fail(line, `word ${id} stands where word ${expected} would`, 'number words from 1 on')
    }
    const head = at('HEAD')
    if (head !== null && !/^\d+$/.test(head)) {
      fail(line, `HEAD '${head}' is no number of a word`, 'write 0 for the root')
    }
    const { form: f, lemma: l, upos, xpos: x, feats: fs, deps: d, misc: m } = own
    const link = { head: head === null ? null : Number(head), deprel: at('DEPREL') }
    draft.words.push({ form: f, lemma: l, upos, xpos: x, feats: fs, ...link, deps: d, misc: m })
  }
}

function finished(draft: Draft, line: number): Sentence {
  const { comments, words, multiwordTokens, emptyNodes } = draft
  if (words.length === 0) fail(line, 'a sentence has no words', 'leave it out')
  const last = multiwordTokens.at(-1)
  if (last !== undefined && last.last > words.length) {
    fail(line, `${last.first}-${last.last} goes beyond word ${words.length}`, 'end it with a word')
  }
  const heads = words.map(({ head }) => head)
  if (!heads.includes(null)) {
    const problem = headsProblem(heads as number[])
    if (problem !== null)
      fail(draft.line, `in the sentence that begins here ${problem}`, 'mend its heads')
  }
  return { comments, words, multiwordTokens, emptyNodes }
}

/**
 * The text of sentences in CoNLL-U.
 *
 * @throws {ValueError} for columns with tabs or line breaks, and sentences without words.
 * @see https://universaldependencies.org/format.html
 */
export function writeConllu(sentences: Iterable<Sentence>): string {
  requireSentenceList('writeConllu', sentences)
  return Array.from(sentences, written).join('')
}

function written({ comments, words, multiwordTokens, emptyNodes }: Sentence): string {
  const refuse = (rule: string): never => {
    throw new ValueError('writeConllu', {}, rule, 'mend the sentence')
  }
  requireSentenceList('writeConllu', [{ words }])
  if (words.length === 0) refuse('a sentence has no words')
  const lines = comments.map((comment) => (comment === '' ? '#' : `# ${comment}`))
  const row = (id: string, form: string, rest: readonly (string | number | null)[]): void => {
    const columns = [id, form, ...rest.map((value) => String(value ?? '_'))]
    const wrong = columns.find((column) => column === '' || /[\t\r\n]/.test(column))
    if (wrong !== undefined) refuse(`a column of word ${id} is ${JSON.stringify(wrong)}`)
    lines.push(columns.join('\t'))
  }
  const nodesAfter = (place: number): void => {
    for (const node of emptyNodes) {
      const { after, index, form, lemma, upos, xpos, feats, deps, misc } = node
      if (after !== place) continue
      row(`${after}.${index}`, form, [lemma, upos, xpos, feats, null, null, deps, misc])
    }
  }
  nodesAfter(0)
  for (const [i, word] of words.entries()) {
    const range = multiwordTokens.find(({ first }) => first === i + 1)
    if (range !== undefined) {
      const none = [null, null, null]
      const { first, last, form, feats, misc } = range
      row(`${first}-${last}`, form, [...none, feats, ...none, misc])
    }
    const { form, lemma, upos, xpos, feats, head, deprel, deps, misc } = word
    row(String(i + 1), form, [lemma, upos, xpos, feats, head, deprel, deps, misc])
    nodesAfter(i + 1)
  }
  if (lines.some((line) => /[\r\n]/.test(line))) refuse('a comment has a line break')
  return `${lines.join('\n')}\n\n`
}
