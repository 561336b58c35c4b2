/** Treebanks, and what tags and parses sentences. */
export type { BiaffineOptions } from './biaffine.ts'
export { Biaffine } from './biaffine.ts'
export type { EmptyNode, MultiwordToken, Sentence, Word } from './conllu.ts'
export { readConllu, writeConllu } from './conllu.ts'
export type {
  ArcScores,
  AttachmentScores,
  DependencyParserOptions,
  ParserVocabularies,
} from './dependency-parser.ts'
export { attachmentScores, DependencyParser } from './dependency-parser.ts'
export type { POSTaggerOptions } from './pos-tagger.ts'
export { POSTagger } from './pos-tagger.ts'
export { sampleTreebank } from './sample-treebank.ts'
export { maximumSpanningTree } from './trees.ts'
