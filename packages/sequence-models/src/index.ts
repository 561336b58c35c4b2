/** Sequence models: recurrent, attention, convolution, and what text needs. */
export { BiLSTMCRF } from './recurrent/tagger.ts'
export type { BiLSTMCRFOptions } from './recurrent/tagger.ts'
export { LinearChainCRF } from './recurrent/crf.ts'
export type { ForecasterOptions, Windows } from './recurrent/forecasting.ts'
export { Forecaster, slidingWindows } from './recurrent/forecasting.ts'
export { gradientNormByStep } from './recurrent/gradient-norms.ts'
export type { GenerateOptions, RecurrentLanguageModelOptions } from './recurrent/language-model.ts'
export { RecurrentLanguageModel } from './recurrent/language-model.ts'
export type { RecurrentKind, RecurrentLayer, RecurrentState } from './recurrent/layer.ts'
export { detachState } from './recurrent/layer.ts'
export { SimpleRNN, TaughtLSTM } from './recurrent/taught.ts'
export type { SamplingOptions } from './sampling.ts'
export { filterLogits, sampleTokens } from './sampling.ts'
export type { LuongScore } from './attention/alignment.ts'
export { BahdanauAttention, LuongAttention } from './attention/alignment.ts'
export type { BERTCall, BERTOptions, MaskTokensOptions } from './attention/bert.ts'
export { BERT, maskTokens } from './attention/bert.ts'
export type { GPTOptions } from './attention/gpt.ts'
export { GPT, KVCache } from './attention/gpt.ts'
export { paddingMask, sinusoidalPositions } from './attention/positions.ts'
export type { TransformerMasks, TransformerSeq2SeqOptions } from './attention/transformer.ts'
export { TransformerSeq2Seq } from './attention/transformer.ts'
export type { TCNOptions } from './convolution/tcn.ts'
export { TCN } from './convolution/tcn.ts'
export type {
  BeamSearchOptions,
  DecodeOptions,
  ForcingDecay,
  Hypothesis,
  SequenceLossOptions,
  StepDecoder,
} from './decoding.ts'
export { beamSearch, greedyDecode, noamSchedule, sequenceLoss, teacherForcing } from './decoding.ts'
export type { Seq2SeqCall, Seq2SeqOptions } from './recurrent/seq2seq.ts'
export { Seq2Seq } from './recurrent/seq2seq.ts'
export type { CopyBatch, CopyOptions } from './tasks.ts'
export { addingProblem, copyProblem } from './tasks.ts'
export type { Cooccurrences } from './embeddings/glove.ts'
export { cooccurrences, GloVe } from './embeddings/glove.ts'
export type { VectorFormat } from './embeddings/vectors.ts'
export { WordVectors } from './embeddings/vectors.ts'
export { skipGrams, Word2Vec } from './embeddings/word2vec.ts'
export * from './text/index.ts'
