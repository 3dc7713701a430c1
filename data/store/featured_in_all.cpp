#include "data/store/featured_in_all.h"

#include <unordered_map>
#include <utility>

namespace tvr {

std::vector<FeaturedVideo> featured_in_all(const FeatureStore& store,
                                           const std::vector<std::int64_t>& recipes) {
  std::vector<FeaturedVideo> videos = store.featured_videos(recipes.front());
  for (std::size_t lane = 1; lane < recipes.size(); ++lane) {
    std::unordered_map<std::string, Digest> hashes;
    for (FeaturedVideo& video : store.featured_videos(recipes[lane])) {
      hashes.emplace(std::move(video.source.id), std::move(video.hash));
    }
    std::vector<FeaturedVideo> in_both;
    for (FeaturedVideo& video : videos) {
      const auto found = hashes.find(video.source.id);
      if (found == hashes.end()) continue;
      video.hash = sha256(video.hash + found->second);
      in_both.push_back(std::move(video));
    }
    videos = std::move(in_both);
  }
  return videos;
}

}  // namespace tvr
