/** The checks of core that hand on what they let through. */
import {
  requireBoolean,
  requireCount,
  requireIterable,
  requireOneOf,
} from '@flambeau/core/internal'

/** A whole number ≥ `least`. @throws {ValueError} for anything else. */
export function countOf(op: string, name: string, value: unknown, least: number): number {
  requireCount(op, name, value, least)
  return value
}

/** True or false. @throws {ValueError} for anything else. */
export function booleanOf(op: string, name: string, value: unknown): boolean {
  requireBoolean(op, name, value)
  return value
}

/** One of `known`. @throws {ValueError} for anything else. */
export function choiceOf<T extends string>(
  op: string,
  name: string,
  value: T,
  known: readonly T[],
): T {
  requireOneOf(op, name, value, known)
  return value
}

/** What indices come from. @throws {ValueError} for what cannot be iterated over. */
export function iterableOf(op: string, name: string, value: unknown): Iterable<unknown> {
  requireIterable(op, name, value, 'an iterable', 'pass a Sampler, or an array of indices')
  return value
}
