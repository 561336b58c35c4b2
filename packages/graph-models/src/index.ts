/** Graph neural networks: graphs as data, message passing, spectral methods, pooling and sampling. */
export {}
