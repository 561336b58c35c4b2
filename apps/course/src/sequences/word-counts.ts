/** Words become numbers: cut apart, one-hot, counted, and weighed by how rare they are. */
import { oneHot, tensor } from '@flambeau/core'
import { CountVectorizer, DictionarySegmenter } from '@flambeau/sequence-models'

// Chinese has no spaces: the longest word of a dictionary, from the front or from the back.
const segmenter = new DictionarySegmenter(['深度', '学习', '深度学习', '改变', '世界'])
console.log(segmenter.forward('深度学习改变世界'))

const texts = ['the cat sat', 'the dog sat', 'the cat saw the dog']
const bags = new CountVectorizer()
const counts = bags.fitTransform(texts).float() // [texts, words]
console.log(bags.terms)
console.log('one-hot:', oneHot(tensor([1]), bags.terms.length).tolist())
console.log('bags of words:', counts)

// TF: a word's share of its text. IDF: the logarithm of how few texts have it.
const tf = counts.div(counts.sum(1, { keepdim: true }))
const idf = counts.gt(0).sum(0).float().reciprocal().mul(texts.length).log()
console.log('idf:', idf)
console.log('tf-idf:', tf.mul(idf))
