/** Sentences of a small grammar of English, with their dependencies. */
import { requireCounts, requireOptions } from '@flambeau/core/internal'
import type { MultiwordToken, Sentence, Word } from './conllu.ts'

/** A word with what depends on it, before and behind it. */
interface Node {
  readonly form: string
  readonly lemma: string
  readonly upos: string
  readonly feats: string | null
  deprel: string
  readonly before: Node[]
  readonly behind: Node[]
}

type Size = 'Sing' | 'Plur'

const NOUNS = {
  person: ['girl', 'boy', 'teacher', 'student', 'farmer', 'doctor', 'king', 'singer'],
  animal: ['dog', 'cat', 'horse', 'bird'],
  thing: ['book', 'letter', 'cake', 'apple', 'picture', 'song', 'plan', 'dance', 'walk'],
  place: ['garden', 'house', 'park', 'kitchen', 'river', 'school'],
  part: ['beard', 'hat', 'scar', 'tail', 'smile'],
  optics: ['telescope', 'camera', 'mirror'],
  tools: ['knife', 'hammer', 'saw'],
} as const
type Kind = keyof typeof NOUNS

/** What verbs do it with, where they do. Several forms are nouns, too. */
const TRANSITIVE: Readonly<Record<string, Kind | null>> = {
  see: 'optics',
  watch: 'optics',
  cut: 'tools',
  break: 'tools',
  like: null,
  plan: null,
  draw: null,
  paint: null,
}
const INTRANSITIVE = ['sleep', 'laugh', 'wait', 'walk', 'dance', 'sing']
const GIVING = ['give', 'show', 'send']
const SAYING = ['say', 'think', 'know']
const ADJECTIVES = ['old', 'small', 'red', 'happy', 'quiet', 'tall']
const ADVERBS = ['often', 'quickly', 'quietly', 'now']
const NAMES = ['Anna', 'Tom', 'Maria', 'Paul']
const MODALS = ['will', 'can', 'may']

/** Numbers that look random, from a seed. */
class Dice {
  private state: number

  constructor(seed: number) {
    this.state = (seed ^ 0x9e3779b9) >>> 0
    for (let i = 0; i < 4; i++) this.next()
  }

  /** From 0 to 1. */
  next(): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0
    const mixed = Math.imul(this.state ^ (this.state >>> 15), 0x2c1b3c6d)
    return ((mixed ^ (mixed >>> 12)) >>> 0) / 2 ** 32
  }

  chance(share: number): boolean {
    return this.next() < share
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)] as T
  }
}

function node(form: string, upos: string, deprel: string, rest: Partial<Node> = {}): Node {
  const { lemma = form.toLowerCase(), feats = null } = rest
  return { form, lemma, upos, feats, deprel, before: rest.before ?? [], behind: rest.behind ?? [] }
}

const plural = (noun: string): string => (noun === 'knife' ? 'knives' : `${noun}s`)

function thirdPerson(verb: string): string {
  return /(?:ch|sh|s|x)$/.test(verb) ? `${verb}es` : `${verb}s`
}

class Grammar {
  private readonly dice: Dice

  constructor(dice: Dice) {
    this.dice = dice
  }

  sentence(): Node {
    const root = this.clause('root', 2)
    root.behind.push(node('.', 'PUNCT', 'punct'))
    return root
  }

  /** A clause by its verb. `depth`: how many clauses may be inside. */
  private clause(deprel: string, depth: number): Node {
    const { subject, size } = this.subject(depth)
    const verb = this.verbPhrase(deprel, size, depth)
    verb.before.unshift(subject)
    return verb
  }

  private subject(depth: number): { subject: Node; size: Size } {
    const { dice } = this
    const roll = dice.next()
    if (roll < 0.15) {
      const form = dice.pick(['he', 'she', 'they'])
      return { subject: node(form, 'PRON', 'nsubj'), size: form === 'they' ? 'Plur' : 'Sing' }
    }
    if (roll < 0.25) return { subject: this.name('nsubj'), size: 'Sing' }
    const { noun, size } = this.nounPhrase('nsubj', dice.chance(0.8) ? 'person' : 'animal', depth)
    if (!dice.chance(0.15)) return { subject: noun, size }
    const other = dice.chance(0.5) ? this.name('conj') : this.nounPhrase('conj', 'animal', 0).noun
    other.before.unshift(node('and', 'CCONJ', 'cc'))
    noun.behind.push(other)
    return { subject: noun, size: 'Plur' }
  }

  private name(deprel: string): Node {
    const form = this.dice.pick(NAMES)
    return node(form, 'PROPN', deprel, { lemma: form, feats: 'Number=Sing' })
  }

  private nounPhrase(deprel: string, kind: Kind, depth: number): { noun: Node; size: Size } {
    const { dice } = this
    const size: Size = dice.chance(0.6) ? 'Sing' : 'Plur'
    const lemma = dice.pick<string>(NOUNS[kind])
    const form = size === 'Sing' ? lemma : plural(lemma)
    const noun = node(form, 'NOUN', deprel, { lemma, feats: `Number=${size}` })
    const determiners = size === 'Sing' ? ['the', 'a', 'every', 'this'] : ['the', 'some', 'these']
    const adjectives = dice.chance(0.3) ? [dice.pick(ADJECTIVES)] : []
    // 'a' before a vowel is 'an'.
    const determiner = dice.pick(determiners)
    const next = adjectives[0] ?? form
    const an = determiner === 'a' && /^[aeiou]/.test(next)
    noun.before.push(node(an ? 'an' : determiner, 'DET', 'det', { lemma: determiner }))
    for (const adjective of adjectives) noun.before.push(node(adjective, 'ADJ', 'amod'))
    const living = kind === 'person' || kind === 'animal'
    if (living && dice.chance(0.12)) noun.behind.push(this.prepositional('with', 'part', 'nmod'))
    if (living && depth > 0 && dice.chance(0.15)) noun.behind.push(this.relative(size, depth - 1))
    return { noun, size }
  }

  private prepositional(preposition: string, kind: Kind, deprel: string): Node {
    const { noun } = this.nounPhrase(deprel, kind, 0)
    noun.before.unshift(node(preposition, 'ADP', 'case'))
    return noun
  }

  /** `that sleeps`, with the noun as its subject, or `that the girls see`, with it as its object. */
  private relative(size: Size, depth: number): Node {
    const { dice } = this
    if (dice.chance(0.5)) {
      const verb = this.verbPhrase('acl:relcl', size, depth)
      verb.before.unshift(node('that', 'PRON', 'nsubj'))
      return verb
    }
    const { noun, size: own } = this.nounPhrase('nsubj', 'person', 0)
    const verb = this.finite(dice.pick(Object.keys(TRANSITIVE)), 'acl:relcl', own)
    verb.before.unshift(node('that', 'PRON', 'obj'), noun)
    return verb
  }

  private verbPhrase(deprel: string, size: Size, depth: number): Node {
    const { dice } = this
    const roll = dice.next()
    if (roll < 0.3) {
      const verb = this.finite(dice.pick(INTRANSITIVE), deprel, size)
      if (dice.chance(0.5)) verb.behind.push(this.place())
      return verb
    }
    if (roll < 0.42) {
      const verb = this.finite(dice.pick(GIVING), deprel, size)
      verb.behind.push(this.nounPhrase('iobj', 'person', 0).noun)
      verb.behind.push(this.nounPhrase('obj', 'thing', 0).noun)
      return verb
    }
    if (roll < 0.55 && depth > 0) {
      const verb = this.finite(dice.pick(SAYING), deprel, size)
      const inner = this.clause('ccomp', depth - 1)
      inner.before.unshift(node('that', 'SCONJ', 'mark'))
      verb.behind.push(inner)
      return verb
    }
    const lemma = dice.pick(Object.keys(TRANSITIVE))
    const verb = this.finite(lemma, deprel, size)
    const object = this.nounPhrase('obj', dice.pick(['person', 'animal', 'thing']), depth).noun
    verb.behind.push(object)
    this.attach(verb, object, TRANSITIVE[lemma] ?? null)
    return verb
  }

  /** `with` goes to the verb if it names what one does it with, `of` to the noun, places to the verb. */
  private attach(verb: Node, object: Node, tool: Kind | null): void {
    const { dice } = this
    const roll = dice.next()
    if (object.behind.length > 0) return
    if (roll < 0.35 && tool !== null) {
      verb.behind.push(this.prepositional('with', tool, 'obl'))
    } else if (roll < 0.5) {
      object.behind.push(this.prepositional('with', 'part', 'nmod'))
    } else if (roll < 0.6) {
      object.behind.push(this.prepositional('of', 'person', 'nmod'))
    } else if (roll < 0.75) {
      verb.behind.push(this.place())
    }
  }

  private place(): Node {
    return this.prepositional(this.dice.pick(['in', 'near', 'behind']), 'place', 'obl')
  }

  /** The verb with its auxiliary or its ending, and adverbs. */
  private finite(lemma: string, deprel: string, size: Size): Node {
    const { dice } = this
    const roll = dice.next()
    const helped = roll < 0.3
    const form = helped || size === 'Plur' ? lemma : thirdPerson(lemma)
    const feats = helped ? 'VerbForm=Inf' : `Number=${size}|VerbForm=Fin`
    const verb = node(form, 'VERB', deprel, { lemma, feats })
    if (roll < 0.15) {
      verb.before.push(node(dice.pick(MODALS), 'AUX', 'aux'))
    } else if (helped) {
      verb.before.push(node(size === 'Sing' ? 'does' : 'do', 'AUX', 'aux', { lemma: 'do' }))
      verb.before.push(node("n't", 'PART', 'advmod', { lemma: 'not' }))
    }
    if (dice.chance(0.15)) verb.before.push(node(dice.pick(ADVERBS), 'ADV', 'advmod'))
    return verb
  }
}

/** The words of a tree in their order, with their heads. */
function sentenceOf(root: Node, id: number): Sentence {
  const order: Node[] = []
  const heads = new Map<Node, Node>()
  const walk = (one: Node): void => {
    for (const child of one.before) walk(child)
    order.push(one)
    for (const child of one.behind) walk(child)
    for (const child of [...one.before, ...one.behind]) heads.set(child, one)
  }
  walk(root)
  const places = new Map(order.map((one, i) => [one, i + 1]))
  const tight = (i: number): boolean => order[i + 1]?.form === '.' || order[i + 1]?.form === "n't"
  const words = order.map((one, i): Word => {
    const { lemma, upos, feats, deprel } = one
    const form = i === 0 ? one.form.charAt(0).toUpperCase() + one.form.slice(1) : one.form
    const parent = heads.get(one)
    const head = parent === undefined ? 0 : (places.get(parent) as number)
    const misc = order[i + 1]?.form === '.' ? 'SpaceAfter=No' : null
    return { form, lemma, upos, xpos: null, feats, head, deprel, deps: null, misc }
  })
  const multiwordTokens = words.flatMap(({ form }, i): MultiwordToken[] => {
    if (form !== "n't") return []
    const whole = `${(words[i - 1] as Word).form}${form}`
    return [{ first: i, last: i + 1, form: whole, feats: null, misc: null }]
  })
  const text = words.map(({ form }, i) => form + (tight(i) || i === words.length - 1 ? '' : ' '))
  const comments = [`sent_id = ${id}`, `text = ${text.join('')}`]
  return { comments, words, multiwordTokens, emptyNodes: [] }
}

/**
 * Sentences of a small grammar with the layout of Universal Dependencies, for trying out what learns
 * from treebanks. Verbs agree with their subjects across relative clauses; `with` belongs to the verb
 * before a tool of it, or else to the noun; several forms are both nouns and verbs.
 *
 * @throws {ValueError} unless count is a whole number ≥ 1.
 *
 * @example
 * ```ts
 * import { sampleTreebank } from '@flambeau/sequence-models'
 * const [sentence] = sampleTreebank({ count: 1, seed: 0 })
 * console.log(sentence!.words.at(-1)!.form) // => .
 * ```
 */
export function sampleTreebank(options: {
  readonly count: number
  readonly seed?: number
}): Sentence[] {
  requireOptions('sampleTreebank', options, ['count'])
  const { count, seed = 0 } = options
  requireCounts('sampleTreebank', { count }, 1)
  const grammar = new Grammar(new Dice(seed))
  return Array.from({ length: count }, (_, i) => sentenceOf(grammar.sentence(), i + 1))
}
