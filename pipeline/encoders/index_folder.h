#pragma once

#include <filesystem>

namespace tvr {

/// The folder beside a store that was made by `pipeline index`: STORE.index. It keeps what a search makes
/// anew if it is gone (embedded windows, stills), and encoder.json, which says where the encoder is.
[[nodiscard]] std::filesystem::path index_folder(const std::filesystem::path& store);

/// Writes encoder.json; creates the folder. `videos`: the folder that is indexed; empty: as it was known.
/// Throws Error(Unreadable).
void remember_encoder(const std::filesystem::path& store, const std::filesystem::path& encoder,
                      const std::filesystem::path& videos = {});

/// The folder of videos that the store is the index of; empty: it is not known.
[[nodiscard]] std::filesystem::path indexed_folder(const std::filesystem::path& store);

/// The folder of the encoder that made the store's index. Throws Error(NotFound) when it is not known or not
/// there, Error(Corrupt) for a file that does not say it.
[[nodiscard]] std::filesystem::path remembered_encoder(const std::filesystem::path& store);

}  // namespace tvr
