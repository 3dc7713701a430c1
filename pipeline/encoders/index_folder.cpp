#include "pipeline/encoders/index_folder.h"

#include <nlohmann/json.hpp>
#include <string>

#include "data/error.h"
#include "data/json_text.h"
#include "pipeline/run/run_folder.h"

namespace tvr {
namespace {

const std::string kAdvice = "Name the encoder's folder with --encoder FOLDER";

std::filesystem::path file_of(const std::filesystem::path& store) {
  return index_folder(store) / "encoder.json";
}

/// A path that encoder.json names. Throws Error(NotFound | Corrupt).
std::filesystem::path path_in(const std::filesystem::path& store, const char* key) {
  const std::filesystem::path file = file_of(store);
  if (!std::filesystem::exists(file)) {
    const std::filesystem::path beside = std::filesystem::absolute(store).parent_path();
    if (std::filesystem::exists(beside / "run.json")) {
      throw Error(Fault::NotFound, store.string(),
                  "it is the store of a run, not an index of an encoder pair",
                  "Search it by --run " + beside.string());
    }
    throw Error(Fault::NotFound, store.string(), "nothing says which encoder made its index", kAdvice);
  }
  const nlohmann::json known = parse_json(read_text(file), file.string(), kAdvice);
  if (!known.is_object() || !known.contains(key) || !known[key].is_string()) {
    throw Error(Fault::Corrupt, file.string(), std::string("it does not say '") + key + "'", kAdvice);
  }
  return known[key].get<std::string>();
}

}  // namespace

std::filesystem::path index_folder(const std::filesystem::path& store) {
  std::filesystem::path folder = store;
  folder += ".index";
  return folder;
}

void remember_encoder(const std::filesystem::path& store, const std::filesystem::path& encoder,
                      const std::filesystem::path& videos) {
  const std::filesystem::path folder = videos.empty() ? indexed_folder(store) : videos;
  std::filesystem::create_directories(index_folder(store));
  write_text(file_of(store), json_text({{"encoder", std::filesystem::absolute(encoder).string()},
                                        {"videos", folder.string()}}) +
                                 "\n");
}

std::filesystem::path indexed_folder(const std::filesystem::path& store) {
  try {
    return path_in(store, "videos");
  } catch (const Error&) {  // an index of anybody's making
    return {};
  }
}

std::filesystem::path remembered_encoder(const std::filesystem::path& store) {
  std::filesystem::path encoder = path_in(store, "encoder");
  if (std::filesystem::exists(encoder)) return encoder;
  throw Error(Fault::NotFound, "'" + encoder.string() + "'",
              "the encoder that made the index is not there any more", kAdvice);
}

}  // namespace tvr
