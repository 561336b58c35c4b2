/** What the tabs have in common. */
import type { RunInfo } from '../protocol.ts'
import type { Store } from './store.ts'

/** A run that is shown, with its colour. */
export interface ShownRun {
  readonly run: RunInfo
  readonly color: string
}

/** What a tab draws from. */
export interface Scene {
  readonly store: Store
  /** Runs that are ticked. */
  readonly shown: readonly ShownRun[]
  /** Only tags with this in them; '' for all. */
  readonly filter: string
}

/** A tab. */
export interface View {
  readonly element: HTMLElement
  /** Draws what has come or was chosen since. */
  update(scene: Scene): void
}

/** Does a tag match what was typed: a regular expression, or a part of it? */
export function matches(tag: string, filter: string): boolean {
  if (filter === '') return true
  try {
    return new RegExp(filter, 'i').test(tag)
  } catch {
    return tag.toLowerCase().includes(filter.toLowerCase())
  }
}

/** What tags name. */
export type TagKind = 'scalars' | 'images' | 'histograms' | 'texts' | 'audio' | 'prCurves'

/** All tags of a kind, with the runs that have them. */
export function tagsOf(scene: Scene, kind: TagKind): Map<string, ShownRun[]> {
  const found = new Map<string, ShownRun[]>()
  for (const shown of scene.shown) {
    for (const tag of shown.run[kind]) {
      const list = found.get(tag) ?? []
      found.set(tag, list)
      list.push(shown)
    }
  }
  const sorted = [...found].toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
  return new Map(sorted)
}

/** Puts elements into a parent, leaving those alone that are there in this order. */
export function arrange(parent: HTMLElement, children: readonly HTMLElement[]): void {
  const isSame =
    parent.childElementCount === children.length &&
    children.every((child, i) => parent.children[i] === child)
  if (!isSame) parent.replaceChildren(...children)
}
