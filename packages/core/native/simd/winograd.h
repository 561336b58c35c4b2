// The loops of Winograd's convolution with 3×3 kernels in tiles of 4×4 outputs: 36 products per
// tile and pair of channels instead of 144. Lavin and Gray 2015, https://arxiv.org/abs/1509.09308.
#pragma once

#include <cstdint>

namespace flambeau {

inline constexpr int64_t kWinogradTile = 4;   // outputs along an axis
inline constexpr int64_t kWinogradPatch = 6;  // inputs that they read
inline constexpr int64_t kWinogradPlanes = kWinogradPatch * kWinogradPatch;

struct WinogradTable {
  int64_t lanes;  // floats in a vector; channels must be multiples

  // planes[p · plane + k] = element p of Bᵀ d B, d being the patch whose pixel i has its channels
  // at pixels[i], for k < channels.
  void (*input)(const float* const* pixels, int64_t channels, float* planes, int64_t plane);

  // to[p · plane + k · lanes + lane] = element p of G g Gᵀ, g being the kernel at
  // from + k · inner + lane · outer, whose 9 elements are read backwards if `flipped`; for k <
  // count.
  void (*weights)(const float* from, int64_t inner, int64_t outer, bool flipped, int64_t count,
                  float* to, int64_t plane);

  // to[t · to_row + j] = sum over k of from[t · channels + k] · weights[k · lanes + j] for
  // t < tiles, where a row of weights lies `block` floats after that of the vector before:
  // weights[(j / lanes) · block + k · lanes + j % lanes], j < vectors · lanes.
  void (*product)(const float* from, int64_t tiles, int64_t channels, const float* weights,
                  int64_t block, int64_t vectors, float* to, int64_t to_row);

  // Pixel i of the tile Aᵀ m A, m's element p being planes[p · plane + k], + bias[k] goes to
  // pixels[i][k] for k < channels; null pixels are left out, as is a null bias.
  void (*output)(const float* planes, int64_t plane, const float* bias, int64_t channels,
                 float* const* pixels);

  // For the gradient of the kernels. planes[p · plane + k] = element p of A e Aᵀ, e being the tile
  // of the output's gradient whose pixel i has its channels at pixels[i], for k < channels.
  void (*spread)(const float* const* pixels, int64_t channels, float* planes, int64_t plane);

  // to[r · channels + k] += sum over t < tiles of rows[t · step + r] · from[t · channels + k] for
  // r < count and k < channels.
  void (*outer)(const float* rows, int64_t step, int64_t count, const float* from, int64_t channels,
                int64_t tiles, float* to);

  // to[k · 9 + i] = element i of Gᵀ m G, m's element p being planes[p · plane + k], for k <
  // channels.
  void (*fold)(const float* planes, int64_t plane, int64_t channels, float* to);
};

}  // namespace flambeau
