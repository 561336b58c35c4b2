/** Graph neural networks: graphs as data, message passing, spectral methods, pooling and sampling. */
export { batchGraphs, nodesToGraphs, unbatchGraphs } from './graph/batch.ts'
export type { CompressedEdges } from './graph/compressed.ts'
export type { EdgeEnd, LoopFill } from './graph/edges.ts'
export {
  addSelfLoops,
  degree,
  hasSelfLoops,
  inducedSubgraph,
  isolatedNodes,
  isUndirected,
  removeSelfLoops,
  selectEdges,
  toCompressed,
  toDenseAdjacency,
  toUndirected,
  weightedDegree,
} from './graph/edges.ts'
export type { BlockModelOptions, GraphSetOptions, NodeTask } from './graph/generators.ts'
export {
  countTriangles,
  cyclesAndTrees,
  karateClub,
  motifGraphs,
  stochasticBlockModel,
} from './graph/generators.ts'
export type { EdgeList, EdgeListOptions, Edges, GraphOptions } from './graph/graph.ts'
export { Graph } from './graph/graph.ts'
export { EdgeView, MessagePassing } from './graph/message-passing.ts'
export type {
  NeighborBatchOptions,
  Neighborhood,
  NeighborSamplerOptions,
} from './graph/sampling.ts'
export { NeighborSampler } from './graph/sampling.ts'
export type { Aggregation } from './graph/scatter.ts'
export { groupSizes, scatterRows, softmaxRows } from './graph/scatter.ts'
export type { ChebConvOptions, ChebInputs, LaplacianNorm } from './layers/cheb-conv.ts'
export { ChebConv } from './layers/cheb-conv.ts'
export type { Attended, GATConvOptions } from './layers/gat-conv.ts'
export { GATConv } from './layers/gat-conv.ts'
export type { GCNConvOptions, GCNNormOptions } from './layers/gcn-conv.ts'
export { GCNConv, gcnNorm } from './layers/gcn-conv.ts'
export type { GINConvOptions } from './layers/gin-conv.ts'
export { GINConv } from './layers/gin-conv.ts'
export type {
  EdgeModel,
  Exchange,
  GlobalModel,
  GraphNetworkOptions,
  GraphState,
  MetaLayerOptions,
  NodeModel,
} from './layers/meta-layer.ts'
export { GraphNetwork, MetaLayer } from './layers/meta-layer.ts'
export type { NNConvOptions } from './layers/nn-conv.ts'
export { NNConv } from './layers/nn-conv.ts'
export type { SAGEAggregation, SAGEConvOptions } from './layers/sage-conv.ts'
export { SAGEConv } from './layers/sage-conv.ts'
export type { EdgePredictorOptions } from './models/edge-predictor.ts'
export { EdgePredictor, negativeEdges } from './models/edge-predictor.ts'
export type { GINOptions } from './models/graph-classifier.ts'
export { GIN } from './models/graph-classifier.ts'
export type { GCNOptions } from './models/node-classifier.ts'
export { GCN } from './models/node-classifier.ts'
export {
  GlobalAttentionPool,
  globalAddPool,
  globalMaxPool,
  globalMeanPool,
} from './pooling/global.ts'
export type { Pooled, TopKPoolingOptions } from './pooling/top-k.ts'
export { topNodes, TopKPooling } from './pooling/top-k.ts'
export {
  chebyshevCoefficients,
  chebyshevFilter,
  chebyshevPolynomials,
  firstOrderFilter,
  renormalizedPropagation,
  singleCoefficientPropagation,
} from './spectral/chebyshev.ts'
export type { Spectrum } from './spectral/fourier.ts'
export {
  graphFourier,
  graphSpectrum,
  inverseGraphFourier,
  spectralFilter,
} from './spectral/fourier.ts'
export type { LaplacianKind } from './spectral/laplacian.ts'
export { laplacian, scaledLaplacian } from './spectral/laplacian.ts'
