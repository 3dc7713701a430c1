#pragma once
#include <filesystem>
#include <string>
#include <vector>
namespace tvr {
struct HowTo100MVideo { std::string id, path; int rank = 0; };
std::vector<HowTo100MVideo> read_howto100m(const std::filesystem::path& csv, int max_rank);
}
