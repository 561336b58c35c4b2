/** Results of several tensors: a list that also has names. */
import type { Tensor } from './tensor.ts'

/** A list of tensors that can be taken apart by position or by name. */
export type NamedResult<Names extends readonly string[]> = Omit<
  { readonly [I in keyof Names]: Tensor },
  // A name hides what lists have under it: `values`, for example, is no method here.
  Names[number]
> & { readonly [N in Names[number]]: Tensor }

/**
 * The tensors as a list with names: both `const [values, indices] = x.max(1)` and
 * `const { values, indices } = x.max(1)` work.
 */
export function namedResult<const Names extends readonly string[]>(
  names: Names,
  tensors: readonly Tensor[],
): NamedResult<Names> {
  const result = [...tensors]
  names.forEach((name, i) => {
    // Not enumerable: printing and comparing shows each tensor once.
    Object.defineProperty(result, name, { value: tensors[i] })
  })
  return result as unknown as NamedResult<Names>
}
