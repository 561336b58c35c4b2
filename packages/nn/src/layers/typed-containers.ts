/** Containers whose types know what is in them: `net[0].weight`, `parts.encoder(x)`. */
import type { Tensor } from '@flambeau/core'
import type { AnyModule, Module } from '../module.ts'
import type { Parameter } from '../parameter.ts'
import { ModuleDict as ModuleDictClass, Sequential as SequentialClass } from './container.ts'
import { ParameterDict as ParameterDictClass } from './parameter-containers.ts'

/** What is found under each name of `R`, where the names are known. */
export type NamedFields<R> = string extends keyof R ? unknown : { -readonly [K in keyof R]: R[K] }

/** What is found at each place of `T`, where their number is known. */
export type NumberedFields<T extends readonly unknown[]> = number extends T['length']
  ? unknown
  : { -readonly [K in keyof T as K extends `${number}` ? K : never]: T[K] }

/** Getting by name what is known to be there. */
export type NamedGet<R> = string extends keyof R
  ? unknown
  : { get<K extends keyof R>(name: K): R[K] }

/** {@inheritDoc SequentialClass} */
export interface Sequential extends SequentialClass {}

/** How a {@link Sequential} is made. */
export interface SequentialConstructor {
  readonly prototype: Sequential
  new <T extends readonly Module[]>(...modules: T): Sequential & NumberedFields<T>
  new <R extends Readonly<Record<string, Module>>>(named: R): Sequential & NamedFields<R>
  // For classes that extend it.
  new (...modules: Module[] | [named: Record<string, Module>]): Sequential
}

/** {@inheritDoc SequentialClass} */
export const Sequential: SequentialConstructor = SequentialClass

/** {@inheritDoc ModuleDictClass} */
export interface ModuleDict<M extends AnyModule = Module> extends ModuleDictClass<M> {}

/** How a {@link ModuleDict} is made. */
export interface ModuleDictConstructor {
  readonly prototype: ModuleDict<AnyModule>
  // The second type is there so that `new ModuleDict<Linear>(…)` means the constructor below.
  new <R extends Readonly<Record<string, AnyModule>>, Name extends keyof R>(
    modules: R & Record<Name, unknown>,
  ): NamedGet<R> & ModuleDict<R[keyof R]> & NamedFields<R>
  new <M extends AnyModule = Module>(
    modules?: Readonly<Record<string, M>> | Iterable<readonly [string, M]>,
  ): ModuleDict<M>
}

/** {@inheritDoc ModuleDictClass} */
export const ModuleDict: ModuleDictConstructor = ModuleDictClass

/** {@inheritDoc ParameterDictClass} */
export interface ParameterDict extends ParameterDictClass {}

/** How a {@link ParameterDict} is made. */
export interface ParameterDictConstructor {
  readonly prototype: ParameterDict
  new <R extends Readonly<Record<string, Tensor>>>(
    parameters: R,
  ): ParameterDict & NamedFields<Record<keyof R, Parameter>>
  new (
    parameters?: Readonly<Record<string, Tensor>> | Iterable<readonly [string, Tensor]>,
  ): ParameterDict
}

/** {@inheritDoc ParameterDictClass} */
export const ParameterDict: ParameterDictConstructor = ParameterDictClass
