#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "towers/encoder_folder.h"

namespace tvr {

// The two kinds of folders. All but the paths is filled in. `where` names the file in messages. Both throw
// what read_encoder() throws.

/// config.json and preprocessor_config.json of huggingface/transformers.
[[nodiscard]] EncoderSpec read_hf_config(const nlohmann::json& config, const std::string& where,
                                         const nlohmann::json& preprocessor,
                                         const std::string& preprocessor_where);

/// open_clip_config.json of mlfoundations/open_clip.
[[nodiscard]] EncoderSpec read_open_clip_config(const nlohmann::json& config, const std::string& where);

/// What both must fulfil before anything is computed from them. Throws Error(Corrupt | Mismatch) at `where`.
void require_consistent(const EncoderSpec& spec, const std::string& where);

// Beyond all published encoders, and far from what overflows.
constexpr int kMostWidth = 1 << 16;
constexpr int kMostLayers = 1000;
constexpr int kMostPicturePx = 1 << 13;
constexpr int kMostContext = 1 << 16;
constexpr int kMostVocabulary = 1 << 24;

constexpr std::array<float, 3> kClipMean{0.48145466F, 0.4578275F, 0.40821073F};  // openai/CLIP
constexpr std::array<float, 3> kClipStd{0.26862954F, 0.26130258F, 0.27577711F};

}  // namespace tvr
