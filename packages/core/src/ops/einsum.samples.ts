import type { Tensor } from '../tensor.ts'
import type { Sample } from '../testing/samples.ts'
import { samplesFor } from '../testing/samples.ts'
import { einsum } from './einsum.ts'

const of = (name: string, equation: string): Sample => ({
  name: `${name}: ${equation}`,
  golden: `einsum:${name}`,
  run: (...x: Tensor[]) => einsum(equation, x),
})

const mistake = (equation: string, throws: RegExp, ...inputs: (readonly number[])[]): Sample => ({
  name: `a mistake: ${equation} of ${JSON.stringify(inputs)}`,
  inputs,
  run: (...x: Tensor[]) => einsum(equation, ...x),
  throws,
})

samplesFor('einsum', [
  of('matrices', 'ij,jk->ik'),
  of('batches', 'bij,bjk->bik'),
  of('implicit', 'ba,ca'),
  of('implicit, capitals first', 'aB->'),
  of('implicit transposition', 'ba'),
  of('trace', 'ii'),
  of('diagonal', 'ii->i'),
  of('diagonals of a batch', 'b i i -> i b'),
  of('three times', 'iii->i'),
  of('two diagonals', 'ijij->ji'),
  of('outer', 'i,j->ij'),
  of('elementwise', 'ij,ij->ij'),
  of('all summed', 'ij,ij->'),
  of('sum over one operand', 'ij,k->k'),
  of('ellipsis', '...ij,...jk->...ik'),
  of('ellipsis summed', '...i->i'),
  of('ellipsis implicit', '...ij'),
  of('ellipsis in the middle', 'i...j,j->...i'),
  of('an axis of size 1', 'ij,kj->ik'),
  of('an axis of size 1 in the result', 'ij,ij->ij'),
  of('three operands', 'ij,jk,kl->il'),
  of('bilinear', 'bi,oij,bj->bo'),
  of('four operands', 'ab,bc,cd,da->'),
  of('attention', 'bqhd,bkhd->bhqk'),
  of('no inner elements', 'ij,jk->ik'),
  of('integers', 'ij,jk->ik'),
  of('a sum of small integers', 'ij->i'),
  {
    name: 'lists instead of letters',
    golden: 'einsum:lists',
    run: (a: Tensor, b: Tensor) => einsum(a, [0, 1], b, [1, 30], [30, 0]),
  },
  {
    name: 'lists with an ellipsis, no result',
    golden: 'einsum:lists with an ellipsis',
    run: (a: Tensor, b: Tensor) => einsum(a, ['...', 0], b, [0]),
  },
  mistake('ij,jk->ik', /has 2 operands, 1 are given/, [2, 3]),
  mistake('ij->ji', /operand 0 has 3 axes, the equation 2/, [2, 3, 4]),
  mistake('ij...->j', /operand 0 has 1 axes, the equation at least 2/, [2]),
  mistake('ij,jk->ik', /j has size 3 in operand 0 and 4 in operand 1/, [2, 3], [4, 2]),
  mistake(
    '...i,...i->...',
    /an axis of the ellipsis has size 2 .* and 4 in operand 1/,
    [2, 3],
    [4, 3],
  ),
  mistake('ii->i', /operand 0 has i twice, with sizes 2 and 3/, [2, 3]),
  mistake('ij->iji', /the result has i twice/, [2, 3]),
  mistake('ij->k', /the result has k, which no operand has/, [2, 3]),
  mistake('i1->i', /"1" is not a label/, [2, 3]),
  mistake('i..->i', /a '\.' is not part of an ellipsis/, [2, 3]),
  mistake('...i...->i', /'\.\.\.i\.\.\.' has two ellipses/, [2, 3]),
  mistake('i->i->i', /more than one '->'/, [2]),
  {
    name: 'a label that is no number from 0 to 51',
    inputs: [[2, 3]],
    run: (a: Tensor) => einsum(a, [0, 52], [0]),
    throws: /52 is not a label.*0 … 51/s,
  },
  {
    name: 'no labels after an operand',
    inputs: [[2], [2]],
    run: (a: Tensor, b: Tensor) => einsum(a, [0], b),
    throws: /operand 1 is followed by undefined instead of its labels/,
  },
  {
    name: 'something after the labels of the result',
    inputs: [[2]],
    run: (a: Tensor) => einsum(a, [0], [0], a),
    throws: /the labels of the result come last/,
  },
])
