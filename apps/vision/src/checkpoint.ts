/** A trained network, with what is needed to use it. */
import type { Tensor } from '@flambeau/core'
import { FormatError, loadSafetensors, saveSafetensors } from '@flambeau/data'
import type { Module } from '@flambeau/nn'
import { findModel } from './models.ts'
import type { View } from './sources.ts'

export interface Trained {
  readonly model: Module
  readonly classes: readonly string[]
  readonly view: View
}

interface Kept {
  readonly name: string
  readonly classes: readonly string[]
  readonly view: View
}

/** @throws {FileWriteError} */
export function saveTrained(path: string, weights: Record<string, Tensor>, kept: Kept): void {
  saveSafetensors(path, weights, { 'flambeau-vision': JSON.stringify(kept) })
}

/** What a file says of its model; null if that is damaged. */
function parsed(text: string): Kept | null {
  try {
    const kept = JSON.parse(text) as Partial<Kept>
    const { name, classes, view } = kept
    return typeof name === 'string' && Array.isArray(classes) && view !== undefined
      ? { name, classes, view }
      : null
  } catch {
    return null
  }
}

/** The network at `path`, in evaluation mode. @throws {FormatError} if it is of another model. */
export function loadTrained(path: string, name: string): Trained {
  const entry = findModel(name)
  const { tensors, metadata } = loadSafetensors(path)
  const fail = (reason: string, fix: string): FormatError =>
    new FormatError({ format: 'model', path, reason, fix })
  const text = metadata['flambeau-vision']
  if (text === undefined) {
    throw fail('it does not say which model it is of', `train one: npm run vision -- train ${name}`)
  }
  const kept = parsed(text)
  if (kept === null) throw fail('what it says of its model is damaged', 'train it anew')
  if (kept.name !== name) {
    throw fail(`it is of ${kept.name}, not of ${name}`, `predict ${kept.name} --checkpoint …`)
  }
  const model = entry.build({ classes: kept.classes.length, size: kept.view.size })
  model.loadStateDict(tensors)
  return { model: model.eval(), classes: kept.classes, view: kept.view }
}
