/** Workloads of the full suite that are not defined yet. */
interface Missing {
  readonly name: string
  /** What it waits for. */
  readonly needs: string
}

function waiting(needs: string, names: readonly string[]): readonly Missing[] {
  return names.map((name) => ({ name, needs: `needs ${needs}` }))
}

export const notYet: readonly Missing[] = [
  ...waiting('AvgPool2d and Sigmoid in one network', ['lenet5_sigmoid']),
  ...waiting('a definition: large networks', ['alexnet_224', 'vgg11_224']),
  ...waiting('BatchNorm2d', ['resnet18_cifar', 'resnet18_cifar_stem3', 'infer_resnet18_224']),
  ...waiting('BatchNorm2d and ConvTranspose2d', ['unet_carvana', 'infer_unet']),
  ...waiting('LayerNorm and attention', [
    'vit_tiny',
    'transformer_seq2seq',
    'infer_gpt_decode_256',
  ]),
  ...waiting('Embedding and LSTM', ['lstm_lm', 'infer_lstm_step']),
  ...waiting('GroupNorm, attention and interpolation', ['ddpm_unet']),
  ...waiting('a definition: graph networks', ['gcn_cora_like']),
  ...waiting('sparse matrices', ['gcn_cora_like_csr']),
  ...waiting('results written into a given tensor', ['op_add_16m_out', 'op_exp_16m_out']),
  ...waiting('scaledDotProductAttention', ['op_sdpa_16x8x64x32', 'op_sdpa_16x8x64x32_bwd']),
]
