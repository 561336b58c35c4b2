import { ValueError } from '@flambeau/core'
import { show } from '@flambeau/core/internal'
import { Module } from '../module.ts'
import { noForward } from './container-items.ts'

/** What ModuleDict and ParameterDict share: things of one kind by name, as fields of a module. */
export abstract class NamedContainer<T> extends Module<never, never> {
  /** What messages call the class, and a thing in it. @internal */
  abstract get _names(): readonly [container: string, item: string]

  /** Is it a thing of the kind? @internal */
  abstract _holds(value: unknown): value is T

  /** Number of things. */
  get size(): number {
    return [...this.keys()].length
  }

  has(name: string): boolean {
    return this._holds((this as unknown as Record<string, unknown>)[name])
  }

  /** @throws {ValueError} if there is none of this name. */
  get(name: string): T {
    const value = (this as unknown as Record<string, unknown>)[name]
    if (this._holds(value)) return value
    const [container, item] = this._names
    throw new ValueError(
      `${container}.get`,
      [],
      `there is no ${item} ${show(name)}`,
      `there are: ${[...this.keys()].join(', ') || 'none'}`,
    )
  }

  delete(name: string): boolean {
    return this.has(name) && delete (this as unknown as Record<string, unknown>)[name]
  }

  /** Takes the one of a name out. @throws {ValueError} if there is none. */
  pop(name: string): T {
    const value = this.get(name)
    this.delete(name)
    return value
  }

  /** Takes all out. */
  clear(): void {
    for (const name of [...this.keys()]) this.delete(name)
  }

  *keys(): Generator<string> {
    for (const [name] of this.entries()) yield name
  }

  *values(): Generator<T> {
    for (const [, value] of this.entries()) yield value
  }

  /** In the order in which they were set; one with two names comes twice. */
  *entries(): Generator<[string, T]> {
    for (const [name, value] of Object.entries(this)) {
      if (this._holds(value)) yield [name, value]
    }
  }

  /** PyTorch's name for {@link entries}. */
  items(): Generator<[string, T]> {
    return this.entries()
  }

  *[Symbol.iterator](): Generator<[string, T]> {
    yield* this.entries()
  }

  override forward(): never {
    return noForward(this._names[0])
  }
}
