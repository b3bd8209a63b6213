/* What \p{...} means to the reference, in PCRE2's words, by tools/make_regex_tables.py from tokenizers 0.22.1: not to be edited.
 * Name, the class, the code points that belong to it besides, and those that do not; by name. */
#include "tokenizer/regex.h"

const hone__regex_property hone__regex_properties[] = {
    {"alnum", "\\p{Alphabetic}\\p{Nd}",
     "\\x{363}-\\x{36F}\\x{897}\\x{C04}\\x{CF3}\\x{F82}-\\x{F83}\\x{1C89}-\\x{1C8A}\\x{1DD3}-\\x{1DE6}\\x{A7CB}-\\x{A7CD}"
     "\\x{A7DA}-\\x{A7DC}\\x{105C0}-\\x{105F3}\\x{10D40}-\\x{10D65}\\x{10D69}\\x{10D6F}-\\x{10D85}\\x{10EC2}-\\x{10EC4}"
     "\\x{10EFC}\\x{11080}-\\x{11081}\\x{1123F}-\\x{11241}\\x{11380}-\\x{11389}\\x{1138B}\\x{1138E}\\x{11390}-\\x{113B5}"
     "\\x{113B7}-\\x{113C0}\\x{113C2}\\x{113C5}\\x{113C7}-\\x{113CA}\\x{113CC}-\\x{113CD}\\x{113D1}\\x{113D3}\\x{116D0}-"
     "\\x{116E3}\\x{11BC0}-\\x{11BE0}\\x{11BF0}-\\x{11BF9}\\x{11F00}-\\x{11F10}\\x{11F12}-\\x{11F3A}\\x{11F3E}-\\x{11F40}"
     "\\x{11F50}-\\x{11F59}\\x{1342F}\\x{13441}-\\x{13446}\\x{13460}-\\x{143FA}\\x{16100}-\\x{1612E}\\x{16130}-\\x{16139}"
     "\\x{16D40}-\\x{16D6C}\\x{16D70}-\\x{16D79}\\x{18CFF}\\x{1B132}\\x{1B155}\\x{1CCF0}-\\x{1CCF9}\\x{1DF25}-\\x{1DF2A}"
     "\\x{1E030}-\\x{1E06D}\\x{1E08F}\\x{1E4D0}-\\x{1E4EB}\\x{1E4F0}-\\x{1E4F9}\\x{1E5D0}-\\x{1E5ED}\\x{1E5F0}-\\x{1E5FA}"
     "\\x{2B739}\\x{2EBF0}-\\x{2EE5D}\\x{31350}-\\x{323AF}",
     ""},
    {"alpha", "\\p{Alphabetic}",
     "\\x{363}-\\x{36F}\\x{897}\\x{C04}\\x{CF3}\\x{F82}-\\x{F83}\\x{1C89}-\\x{1C8A}\\x{1DD3}-\\x{1DE6}\\x{A7CB}-\\x{A7CD}"
     "\\x{A7DA}-\\x{A7DC}\\x{105C0}-\\x{105F3}\\x{10D4A}-\\x{10D65}\\x{10D69}\\x{10D6F}-\\x{10D85}\\x{10EC2}-\\x{10EC4}"
     "\\x{10EFC}\\x{11080}-\\x{11081}\\x{1123F}-\\x{11241}\\x{11380}-\\x{11389}\\x{1138B}\\x{1138E}\\x{11390}-\\x{113B5}"
     "\\x{113B7}-\\x{113C0}\\x{113C2}\\x{113C5}\\x{113C7}-\\x{113CA}\\x{113CC}-\\x{113CD}\\x{113D1}\\x{113D3}\\x{11BC0}-"
     "\\x{11BE0}\\x{11F00}-\\x{11F10}\\x{11F12}-\\x{11F3A}\\x{11F3E}-\\x{11F40}\\x{1342F}\\x{13441}-\\x{13446}\\x{13460}-"
     "\\x{143FA}\\x{16100}-\\x{1612E}\\x{16D40}-\\x{16D6C}\\x{18CFF}\\x{1B132}\\x{1B155}\\x{1DF25}-\\x{1DF2A}\\x{1E030}-"
     "\\x{1E06D}\\x{1E08F}\\x{1E4D0}-\\x{1E4EB}\\x{1E5D0}-\\x{1E5ED}\\x{1E5F0}\\x{2B739}\\x{2EBF0}-\\x{2EE5D}\\x{31350}-"
     "\\x{323AF}",
     ""},
    {"alphabetic", "\\p{Alphabetic}",
     "\\x{363}-\\x{36F}\\x{897}\\x{C04}\\x{CF3}\\x{F82}-\\x{F83}\\x{1C89}-\\x{1C8A}\\x{1DD3}-\\x{1DE6}\\x{A7CB}-\\x{A7CD}"
     "\\x{A7DA}-\\x{A7DC}\\x{105C0}-\\x{105F3}\\x{10D4A}-\\x{10D65}\\x{10D69}\\x{10D6F}-\\x{10D85}\\x{10EC2}-\\x{10EC4}"
     "\\x{10EFC}\\x{11080}-\\x{11081}\\x{1123F}-\\x{11241}\\x{11380}-\\x{11389}\\x{1138B}\\x{1138E}\\x{11390}-\\x{113B5}"
     "\\x{113B7}-\\x{113C0}\\x{113C2}\\x{113C5}\\x{113C7}-\\x{113CA}\\x{113CC}-\\x{113CD}\\x{113D1}\\x{113D3}\\x{11BC0}-"
     "\\x{11BE0}\\x{11F00}-\\x{11F10}\\x{11F12}-\\x{11F3A}\\x{11F3E}-\\x{11F40}\\x{1342F}\\x{13441}-\\x{13446}\\x{13460}-"
     "\\x{143FA}\\x{16100}-\\x{1612E}\\x{16D40}-\\x{16D6C}\\x{18CFF}\\x{1B132}\\x{1B155}\\x{1DF25}-\\x{1DF2A}\\x{1E030}-"
     "\\x{1E06D}\\x{1E08F}\\x{1E4D0}-\\x{1E4EB}\\x{1E5D0}-\\x{1E5ED}\\x{1E5F0}\\x{2B739}\\x{2EBF0}-\\x{2EE5D}\\x{31350}-"
     "\\x{323AF}",
     ""},
    {"any", "\\x{0}-\\x{10FFFF}", "", ""},
    {"arabic", "\\p{sc:Arabic}", "\\x{897}\\x{10EC2}-\\x{10EC4}\\x{10EFC}-\\x{10EFF}", ""},
    {"armenian", "\\p{sc:Armenian}", "", ""},
    {"ascii", "\\x00-\\x7F", "", ""},
    {"assigned", "\\P{Cn}",
     "\\x{897}\\x{CF3}\\x{ECE}\\x{1B4E}-\\x{1B4F}\\x{1B7F}\\x{1C89}-\\x{1C8A}\\x{2427}-\\x{2429}\\x{2FFC}-\\x{2FFF}\\x{31E4}-"
     "\\x{31E5}\\x{31EF}\\x{A7CB}-\\x{A7CD}\\x{A7DA}-\\x{A7DC}\\x{105C0}-\\x{105F3}\\x{10D40}-\\x{10D65}\\x{10D69}-\\x{10D85}"
     "\\x{10D8E}-\\x{10D8F}\\x{10EC2}-\\x{10EC4}\\x{10EFC}-\\x{10EFF}\\x{1123F}-\\x{11241}\\x{11380}-\\x{11389}\\x{1138B}"
     "\\x{1138E}\\x{11390}-\\x{113B5}\\x{113B7}-\\x{113C0}\\x{113C2}\\x{113C5}\\x{113C7}-\\x{113CA}\\x{113CC}-\\x{113D5}"
     "\\x{113D7}-\\x{113D8}\\x{113E1}-\\x{113E2}\\x{116D0}-\\x{116E3}\\x{11B00}-\\x{11B09}\\x{11BC0}-\\x{11BE1}\\x{11BF0}-"
     "\\x{11BF9}\\x{11F00}-\\x{11F10}\\x{11F12}-\\x{11F3A}\\x{11F3E}-\\x{11F5A}\\x{1342F}\\x{13439}-\\x{13455}\\x{13460}-"
     "\\x{143FA}\\x{16100}-\\x{16139}\\x{16D40}-\\x{16D79}\\x{18CFF}\\x{1B132}\\x{1B155}\\x{1CC00}-\\x{1CCF9}\\x{1CD00}-"
     "\\x{1CEB3}\\x{1D2C0}-\\x{1D2D3}\\x{1DF25}-\\x{1DF2A}\\x{1E030}-\\x{1E06D}\\x{1E08F}\\x{1E4D0}-\\x{1E4F9}\\x{1E5D0}-"
     "\\x{1E5FA}\\x{1E5FF}\\x{1F6DC}\\x{1F774}-\\x{1F776}\\x{1F77B}-\\x{1F77F}\\x{1F7D9}\\x{1F8B2}-\\x{1F8BB}\\x{1F8C0}-"
     "\\x{1F8C1}\\x{1FA75}-\\x{1FA77}\\x{1FA87}-\\x{1FA89}\\x{1FA8F}\\x{1FAAD}-\\x{1FAAF}\\x{1FABB}-\\x{1FABF}\\x{1FAC6}"
     "\\x{1FACE}-\\x{1FACF}\\x{1FADA}-\\x{1FADC}\\x{1FADF}\\x{1FAE8}-\\x{1FAE9}\\x{1FAF7}-\\x{1FAF8}\\x{1FBCB}-\\x{1FBEF}"
     "\\x{2B739}\\x{2EBF0}-\\x{2EE5D}\\x{31350}-\\x{323AF}",
     ""},
    {"balinese", "\\p{sc:Balinese}", "\\x{1B4E}-\\x{1B4F}\\x{1B7F}", ""},
    {"bengali", "\\p{sc:Bengali}", "", ""},
    {"blank", "\\p{Zs}\\t", "", ""},
    {"bopomofo", "\\p{sc:Bopomofo}", "", ""},
    {"braille", "\\p{sc:Braille}", "", ""},
    {"c", "\\p{C}", "",
     "\\x{897}\\x{CF3}\\x{ECE}\\x{1B4E}-\\x{1B4F}\\x{1B7F}\\x{1C89}-\\x{1C8A}\\x{2427}-\\x{2429}\\x{2FFC}-\\x{2FFF}\\x{31E4}-"
     "\\x{31E5}\\x{31EF}\\x{A7CB}-\\x{A7CD}\\x{A7DA}-\\x{A7DC}\\x{105C0}-\\x{105F3}\\x{10D40}-\\x{10D65}\\x{10D69}-\\x{10D85}"
     "\\x{10D8E}-\\x{10D8F}\\x{10EC2}-\\x{10EC4}\\x{10EFC}-\\x{10EFF}\\x{1123F}-\\x{11241}\\x{11380}-\\x{11389}\\x{1138B}"
     "\\x{1138E}\\x{11390}-\\x{113B5}\\x{113B7}-\\x{113C0}\\x{113C2}\\x{113C5}\\x{113C7}-\\x{113CA}\\x{113CC}-\\x{113D5}"
     "\\x{113D7}-\\x{113D8}\\x{113E1}-\\x{113E2}\\x{116D0}-\\x{116E3}\\x{11B00}-\\x{11B09}\\x{11BC0}-\\x{11BE1}\\x{11BF0}-"
     "\\x{11BF9}\\x{11F00}-\\x{11F10}\\x{11F12}-\\x{11F3A}\\x{11F3E}-\\x{11F5A}\\x{1342F}\\x{13440}-\\x{13455}\\x{13460}-"
     "\\x{143FA}\\x{16100}-\\x{16139}\\x{16D40}-\\x{16D79}\\x{18CFF}\\x{1B132}\\x{1B155}\\x{1CC00}-\\x{1CCF9}\\x{1CD00}-"
     "\\x{1CEB3}\\x{1D2C0}-\\x{1D2D3}\\x{1DF25}-\\x{1DF2A}\\x{1E030}-\\x{1E06D}\\x{1E08F}\\x{1E4D0}-\\x{1E4F9}\\x{1E5D0}-"
     "\\x{1E5FA}\\x{1E5FF}\\x{1F6DC}\\x{1F774}-\\x{1F776}\\x{1F77B}-\\x{1F77F}\\x{1F7D9}\\x{1F8B2}-\\x{1F8BB}\\x{1F8C0}-"
     "\\x{1F8C1}\\x{1FA75}-\\x{1FA77}\\x{1FA87}-\\x{1FA89}\\x{1FA8F}\\x{1FAAD}-\\x{1FAAF}\\x{1FABB}-\\x{1FABF}\\x{1FAC6}"
     "\\x{1FACE}-\\x{1FACF}\\x{1FADA}-\\x{1FADC}\\x{1FADF}\\x{1FAE8}-\\x{1FAE9}\\x{1FAF7}-\\x{1FAF8}\\x{1FBCB}-\\x{1FBEF}"
     "\\x{2B739}\\x{2EBF0}-\\x{2EE5D}\\x{31350}-\\x{323AF}"},
    {"canadianaboriginal", "\\p{sc:Canadian_Aboriginal}", "", ""},
    {"cased", "\\p{Cased}",
     "\\x{10FC}\\x{1C89}-\\x{1C8A}\\x{A7CB}-\\x{A7CD}\\x{A7DA}-\\x{A7DC}\\x{A7F2}-\\x{A7F4}\\x{AB69}\\x{10D50}-\\x{10D65}"
     "\\x{10D70}-\\x{10D85}\\x{1DF25}-\\x{1DF2A}\\x{1E030}-\\x{1E06D}",
     ""},
    {"casedletter", "\\p{L&}",
     "\\x{1C89}-\\x{1C8A}\\x{A7CB}-\\x{A7CD}\\x{A7DA}-\\x{A7DC}\\x{10D50}-\\x{10D65}\\x{10D70}-\\x{10D85}\\x{1DF25}-\\x{1DF2A}", ""},
    {"caseignorable", "\\p{Case_Ignorable}",
     "\\x{897}\\x{ECE}\\x{10D4E}\\x{10D69}-\\x{10D6D}\\x{10D6F}\\x{10EFC}-\\x{10EFF}\\x{11241}\\x{113BB}-\\x{113C0}\\x{113CE}"
     "\\x{113D0}\\x{113D2}\\x{113E1}-\\x{113E2}\\x{11F00}-\\x{11F01}\\x{11F36}-\\x{11F3A}\\x{11F40}\\x{11F42}\\x{11F5A}"
     "\\x{13439}-\\x{13440}\\x{13447}-\\x{13455}\\x{1611E}-\\x{16129}\\x{1612D}-\\x{1612F}\\x{16D40}-\\x{16D42}\\x{16D6B}-"
     "\\x{16D6C}\\x{1E030}-\\x{1E06D}\\x{1E08F}\\x{1E4EB}-\\x{1E4EF}\\x{1E5EE}-\\x{1E5EF}",
     "\\x{1171E}"},
    {"cc", "\\p{Cc}", "", ""},
    {"cf", "\\p{Cf}", "\\x{13439}-\\x{1343F}", ""},
    {"cherokee", "\\p{sc:Cherokee}", "", ""},
    {"closepunctuation", "\\p{Pe}", "", ""},
    {"cn", "\\p{Cn}", "",
     "\\x{897}\\x{CF3}\\x{ECE}\\x{1B4E}-\\x{1B4F}\\x{1B7F}\\x{1C89}-\\x{1C8A}\\x{2427}-\\x{2429}\\x{2FFC}-\\x{2FFF}\\x{31E4}-"
     "\\x{31E5}\\x{31EF}\\x{A7CB}-\\x{A7CD}\\x{A7DA}-\\x{A7DC}\\x{105C0}-\\x{105F3}\\x{10D40}-\\x{10D65}\\x{10D69}-\\x{10D85}"
     "\\x{10D8E}-\\x{10D8F}\\x{10EC2}-\\x{10EC4}\\x{10EFC}-\\x{10EFF}\\x{1123F}-\\x{11241}\\x{11380}-\\x{11389}\\x{1138B}"
     "\\x{1138E}\\x{11390}-\\x{113B5}\\x{113B7}-\\x{113C0}\\x{113C2}\\x{113C5}\\x{113C7}-\\x{113CA}\\x{113CC}-\\x{113D5}"
     "\\x{113D7}-\\x{113D8}\\x{113E1}-\\x{113E2}\\x{116D0}-\\x{116E3}\\x{11B00}-\\x{11B09}\\x{11BC0}-\\x{11BE1}\\x{11BF0}-"
     "\\x{11BF9}\\x{11F00}-\\x{11F10}\\x{11F12}-\\x{11F3A}\\x{11F3E}-\\x{11F5A}\\x{1342F}\\x{13439}-\\x{13455}\\x{13460}-"
     "\\x{143FA}\\x{16100}-\\x{16139}\\x{16D40}-\\x{16D79}\\x{18CFF}\\x{1B132}\\x{1B155}\\x{1CC00}-\\x{1CCF9}\\x{1CD00}-"
     "\\x{1CEB3}\\x{1D2C0}-\\x{1D2D3}\\x{1DF25}-\\x{1DF2A}\\x{1E030}-\\x{1E06D}\\x{1E08F}\\x{1E4D0}-\\x{1E4F9}\\x{1E5D0}-"
     "\\x{1E5FA}\\x{1E5FF}\\x{1F6DC}\\x{1F774}-\\x{1F776}\\x{1F77B}-\\x{1F77F}\\x{1F7D9}\\x{1F8B2}-\\x{1F8BB}\\x{1F8C0}-"
     "\\x{1F8C1}\\x{1FA75}-\\x{1FA77}\\x{1FA87}-\\x{1FA89}\\x{1FA8F}\\x{1FAAD}-\\x{1FAAF}\\x{1FABB}-\\x{1FABF}\\x{1FAC6}"
     "\\x{1FACE}-\\x{1FACF}\\x{1FADA}-\\x{1FADC}\\x{1FADF}\\x{1FAE8}-\\x{1FAE9}\\x{1FAF7}-\\x{1FAF8}\\x{1FBCB}-\\x{1FBEF}"
     "\\x{2B739}\\x{2EBF0}-\\x{2EE5D}\\x{31350}-\\x{323AF}"},
    {"cntrl", "\\p{Cc}", "", ""},
    {"co", "\\p{Co}", "", ""},
    {"common", "\\p{sc:Common}",
     "\\x{2427}-\\x{2429}\\x{2FFC}-\\x{2FFF}\\x{31E4}-\\x{31E5}\\x{31EF}\\x{1CC00}-\\x{1CCF9}\\x{1CD00}-\\x{1CEB3}\\x{1D2C0}-"
     "\\x{1D2D3}\\x{1F6DC}\\x{1F774}-\\x{1F776}\\x{1F77B}-\\x{1F77F}\\x{1F7D9}\\x{1F8B2}-\\x{1F8BB}\\x{1F8C0}-\\x{1F8C1}"
     "\\x{1FA75}-\\x{1FA77}\\x{1FA87}-\\x{1FA89}\\x{1FA8F}\\x{1FAAD}-\\x{1FAAF}\\x{1FABB}-\\x{1FABF}\\x{1FAC6}\\x{1FACE}-"
     "\\x{1FACF}\\x{1FADA}-\\x{1FADC}\\x{1FADF}\\x{1FAE8}-\\x{1FAE9}\\x{1FAF7}-\\x{1FAF8}\\x{1FBCB}-\\x{1FBEF}",
     ""},
    {"connectorpunctuation", "\\p{Pc}", "", ""},
    {"control", "\\p{Cc}", "", ""},
    {"coptic", "\\p{sc:Coptic}", "", ""},
    {"currencysymbol", "\\p{Sc}", "", ""},
    {"cyrillic", "\\p{sc:Cyrillic}", "\\x{1C89}-\\x{1C8A}\\x{1E030}-\\x{1E06D}\\x{1E08F}", ""},
    {"dash", "\\p{Dash}", "\\x{10D6E}", ""},
    {"dashpunctuation", "\\p{Pd}", "\\x{10D6E}", ""},
    {"decimalnumber", "\\p{Nd}",
     "\\x{10D40}-\\x{10D49}\\x{116D0}-\\x{116E3}\\x{11BF0}-\\x{11BF9}\\x{11F50}-\\x{11F59}\\x{16130}-\\x{16139}\\x{16D70}-"
     "\\x{16D79}\\x{1CCF0}-\\x{1CCF9}\\x{1E4F0}-\\x{1E4F9}\\x{1E5F1}-\\x{1E5FA}",
     ""},
    {"deseret", "\\p{sc:Deseret}", "", ""},
    {"devanagari", "\\p{sc:Devanagari}", "\\x{11B00}-\\x{11B09}", ""},
    {"diacritic", "\\p{Diacritic}",
     "\\x{E3A}\\x{1734}\\x{1A60}\\x{1BE6}\\x{1BF2}-\\x{1BF3}\\x{A806}\\x{A82C}\\x{10A38}-\\x{10A3A}\\x{10A3F}\\x{10D4E}"
     "\\x{10D69}-\\x{10D6D}\\x{10EFD}-\\x{10EFF}\\x{1133B}\\x{113CE}-\\x{113D0}\\x{113D2}-\\x{113D3}\\x{113E1}-\\x{113E2}"
     "\\x{11F41}-\\x{11F42}\\x{11F5A}\\x{13447}-\\x{13455}\\x{1612F}\\x{16D6B}-\\x{16D6C}\\x{1E030}-\\x{1E06D}\\x{1E5EE}-"
     "\\x{1E5EF}",
     ""},
    {"digit", "\\p{Nd}",
     "\\x{10D40}-\\x{10D49}\\x{116D0}-\\x{116E3}\\x{11BF0}-\\x{11BF9}\\x{11F50}-\\x{11F59}\\x{16130}-\\x{16139}\\x{16D70}-"
     "\\x{16D79}\\x{1CCF0}-\\x{1CCF9}\\x{1E4F0}-\\x{1E4F9}\\x{1E5F1}-\\x{1E5FA}",
     ""},
    {"emoji", "\\p{Emoji}",
     "\\x{1F6DC}\\x{1FA75}-\\x{1FA77}\\x{1FA87}-\\x{1FA89}\\x{1FA8F}\\x{1FAAD}-\\x{1FAAF}\\x{1FABB}-\\x{1FABF}\\x{1FAC6}"
     "\\x{1FACE}-\\x{1FACF}\\x{1FADA}-\\x{1FADC}\\x{1FADF}\\x{1FAE8}-\\x{1FAE9}\\x{1FAF7}-\\x{1FAF8}",
     ""},
    {"emojicomponent", "\\p{Emoji_Component}", "", ""},
    {"emojimodifier", "\\p{Emoji_Modifier}", "", ""},
    {"emojimodifierbase", "\\p{Emoji_Modifier_Base}", "\\x{1FAF7}-\\x{1FAF8}", ""},
    {"emojipresentation", "\\p{Emoji_Presentation}",
     "\\x{1F6DC}\\x{1FA75}-\\x{1FA77}\\x{1FA87}-\\x{1FA89}\\x{1FA8F}\\x{1FAAD}-\\x{1FAAF}\\x{1FABB}-\\x{1FABF}\\x{1FAC6}"
     "\\x{1FACE}-\\x{1FACF}\\x{1FADA}-\\x{1FADC}\\x{1FADF}\\x{1FAE8}-\\x{1FAE9}\\x{1FAF7}-\\x{1FAF8}",
     ""},
    {"enclosingmark", "\\p{Me}", "", ""},
    {"ethiopic", "\\p{sc:Ethiopic}", "", ""},
    {"extendedpictographic", "\\p{Extended_Pictographic}", "", ""},
    {"extender", "\\p{Extender}", "\\x{A71}\\x{AFB}\\x{10D4E}\\x{10D6A}\\x{10D6F}\\x{11237}\\x{113D2}-\\x{113D3}\\x{1E5EF}", ""},
    {"finalpunctuation", "\\p{Pf}", "", ""},
    {"format", "\\p{Cf}", "\\x{13439}-\\x{1343F}", ""},
    {"georgian", "\\p{sc:Georgian}", "", ""},
    {"glagolitic", "\\p{sc:Glagolitic}", "", ""},
    {"gothic", "\\p{sc:Gothic}", "", ""},
    {"graph", "\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Cf}\\p{Co}",
     "\\x{897}\\x{CF3}\\x{ECE}\\x{1B4E}-\\x{1B4F}\\x{1B7F}\\x{1C89}-\\x{1C8A}\\x{2427}-\\x{2429}\\x{2FFC}-\\x{2FFF}\\x{31E4}-"
     "\\x{31E5}\\x{31EF}\\x{A7CB}-\\x{A7CD}\\x{A7DA}-\\x{A7DC}\\x{105C0}-\\x{105F3}\\x{10D40}-\\x{10D65}\\x{10D69}-\\x{10D85}"
     "\\x{10D8E}-\\x{10D8F}\\x{10EC2}-\\x{10EC4}\\x{10EFC}-\\x{10EFF}\\x{1123F}-\\x{11241}\\x{11380}-\\x{11389}\\x{1138B}"
     "\\x{1138E}\\x{11390}-\\x{113B5}\\x{113B7}-\\x{113C0}\\x{113C2}\\x{113C5}\\x{113C7}-\\x{113CA}\\x{113CC}-\\x{113D5}"
     "\\x{113D7}-\\x{113D8}\\x{113E1}-\\x{113E2}\\x{116D0}-\\x{116E3}\\x{11B00}-\\x{11B09}\\x{11BC0}-\\x{11BE1}\\x{11BF0}-"
     "\\x{11BF9}\\x{11F00}-\\x{11F10}\\x{11F12}-\\x{11F3A}\\x{11F3E}-\\x{11F5A}\\x{1342F}\\x{13439}-\\x{13455}\\x{13460}-"
     "\\x{143FA}\\x{16100}-\\x{16139}\\x{16D40}-\\x{16D79}\\x{18CFF}\\x{1B132}\\x{1B155}\\x{1CC00}-\\x{1CCF9}\\x{1CD00}-"
     "\\x{1CEB3}\\x{1D2C0}-\\x{1D2D3}\\x{1DF25}-\\x{1DF2A}\\x{1E030}-\\x{1E06D}\\x{1E08F}\\x{1E4D0}-\\x{1E4F9}\\x{1E5D0}-"
     "\\x{1E5FA}\\x{1E5FF}\\x{1F6DC}\\x{1F774}-\\x{1F776}\\x{1F77B}-\\x{1F77F}\\x{1F7D9}\\x{1F8B2}-\\x{1F8BB}\\x{1F8C0}-"
     "\\x{1F8C1}\\x{1FA75}-\\x{1FA77}\\x{1FA87}-\\x{1FA89}\\x{1FA8F}\\x{1FAAD}-\\x{1FAAF}\\x{1FABB}-\\x{1FABF}\\x{1FAC6}"
     "\\x{1FACE}-\\x{1FACF}\\x{1FADA}-\\x{1FADC}\\x{1FADF}\\x{1FAE8}-\\x{1FAE9}\\x{1FAF7}-\\x{1FAF8}\\x{1FBCB}-\\x{1FBEF}"
     "\\x{2B739}\\x{2EBF0}-\\x{2EE5D}\\x{31350}-\\x{323AF}",
     ""},
    {"greek", "\\p{sc:Greek}", "", ""},
    {"gujarati", "\\p{sc:Gujarati}", "", ""},
    {"gurmukhi", "\\p{sc:Gurmukhi}", "", ""},
    {"han", "\\p{sc:Han}", "\\x{2B739}\\x{2EBF0}-\\x{2EE5D}\\x{31350}-\\x{323AF}", ""},
    {"hangul", "\\p{sc:Hangul}", "", ""},
    {"hebrew", "\\p{sc:Hebrew}", "", ""},
    {"hexdigit", "\\p{Hex_Digit}", "", ""},
    {"hiragana", "\\p{sc:Hiragana}", "\\x{1B132}", ""},
    {"idcontinue", "\\p{ID_Continue}",
     "\\x{897}\\x{CF3}\\x{ECE}\\x{1C89}-\\x{1C8A}\\x{200C}-\\x{200D}\\x{30FB}\\x{A7CB}-\\x{A7CD}\\x{A7DA}-\\x{A7DC}\\x{FF65}"
     "\\x{105C0}-\\x{105F3}\\x{10D40}-\\x{10D65}\\x{10D69}-\\x{10D6D}\\x{10D6F}-\\x{10D85}\\x{10EC2}-\\x{10EC4}\\x{10EFC}-"
     "\\x{10EFF}\\x{1123F}-\\x{11241}\\x{11380}-\\x{11389}\\x{1138B}\\x{1138E}\\x{11390}-\\x{113B5}\\x{113B7}-\\x{113C0}"
     "\\x{113C2}\\x{113C5}\\x{113C7}-\\x{113CA}\\x{113CC}-\\x{113D3}\\x{113E1}-\\x{113E2}\\x{116D0}-\\x{116E3}\\x{11BC0}-"
     "\\x{11BE0}\\x{11BF0}-\\x{11BF9}\\x{11F00}-\\x{11F10}\\x{11F12}-\\x{11F3A}\\x{11F3E}-\\x{11F42}\\x{11F50}-\\x{11F5A}"
     "\\x{1342F}\\x{13440}-\\x{13455}\\x{13460}-\\x{143FA}\\x{16100}-\\x{16139}\\x{16D40}-\\x{16D6C}\\x{16D70}-\\x{16D79}"
     "\\x{18CFF}\\x{1B132}\\x{1B155}\\x{1CCF0}-\\x{1CCF9}\\x{1DF25}-\\x{1DF2A}\\x{1E030}-\\x{1E06D}\\x{1E08F}\\x{1E4D0}-"
     "\\x{1E4F9}\\x{1E5D0}-\\x{1E5FA}\\x{2B739}\\x{2EBF0}-\\x{2EE5D}\\x{31350}-\\x{323AF}",
     ""},
    {"ideographic", "\\p{Ideographic}", "\\x{18CFF}\\x{2B739}\\x{2EBF0}-\\x{2EE5D}\\x{31350}-\\x{323AF}", ""},
    {"idstart", "\\p{ID_Start}",
     "\\x{1C89}-\\x{1C8A}\\x{A7CB}-\\x{A7CD}\\x{A7DA}-\\x{A7DC}\\x{105C0}-\\x{105F3}\\x{10D4A}-\\x{10D65}\\x{10D6F}-\\x{10D85}"
     "\\x{10EC2}-\\x{10EC4}\\x{1123F}-\\x{11240}\\x{11380}-\\x{11389}\\x{1138B}\\x{1138E}\\x{11390}-\\x{113B5}\\x{113B7}"
     "\\x{113D1}\\x{113D3}\\x{11BC0}-\\x{11BE0}\\x{11F02}\\x{11F04}-\\x{11F10}\\x{11F12}-\\x{11F33}\\x{1342F}\\x{13441}-"
     "\\x{13446}\\x{13460}-\\x{143FA}\\x{16100}-\\x{1611D}\\x{16D40}-\\x{16D6C}\\x{18CFF}\\x{1B132}\\x{1B155}\\x{1DF25}-"
     "\\x{1DF2A}\\x{1E030}-\\x{1E06D}\\x{1E4D0}-\\x{1E4EB}\\x{1E5D0}-\\x{1E5ED}\\x{1E5F0}\\x{2B739}\\x{2EBF0}-\\x{2EE5D}"
     "\\x{31350}-\\x{323AF}",
     ""},
    {"inherited", "\\p{sc:Inherited}", "", ""},
    {"initialpunctuation", "\\p{Pi}", "", ""},
    {"javanese", "\\p{sc:Javanese}", "", ""},
    {"joincontrol", "\\p{Join_Control}", "", ""},
    {"kannada", "\\p{sc:Kannada}", "\\x{CF3}", ""},
    {"katakana", "\\p{sc:Katakana}", "\\x{1B155}", ""},
    {"khmer", "\\p{sc:Khmer}", "", ""},
    {"l", "\\p{L}",
     "\\x{1C89}-\\x{1C8A}\\x{A7CB}-\\x{A7CD}\\x{A7DA}-\\x{A7DC}\\x{105C0}-\\x{105F3}\\x{10D4A}-\\x{10D65}\\x{10D6F}-\\x{10D85}"
     "\\x{10EC2}-\\x{10EC4}\\x{1123F}-\\x{11240}\\x{11380}-\\x{11389}\\x{1138B}\\x{1138E}\\x{11390}-\\x{113B5}\\x{113B7}"
     "\\x{113D1}\\x{113D3}\\x{11BC0}-\\x{11BE0}\\x{11F02}\\x{11F04}-\\x{11F10}\\x{11F12}-\\x{11F33}\\x{1342F}\\x{13441}-"
     "\\x{13446}\\x{13460}-\\x{143FA}\\x{16100}-\\x{1611D}\\x{16D40}-\\x{16D6C}\\x{18CFF}\\x{1B132}\\x{1B155}\\x{1DF25}-"
     "\\x{1DF2A}\\x{1E030}-\\x{1E06D}\\x{1E4D0}-\\x{1E4EB}\\x{1E5D0}-\\x{1E5ED}\\x{1E5F0}\\x{2B739}\\x{2EBF0}-\\x{2EE5D}"
     "\\x{31350}-\\x{323AF}",
     ""},
    {"lao", "\\p{sc:Lao}", "\\x{ECE}", ""},
    {"latin", "\\p{sc:Latin}", "\\x{A7CB}-\\x{A7CD}\\x{A7DA}-\\x{A7DC}\\x{1DF25}-\\x{1DF2A}", ""},
    {"lc", "\\p{L&}",
     "\\x{1C89}-\\x{1C8A}\\x{A7CB}-\\x{A7CD}\\x{A7DA}-\\x{A7DC}\\x{10D50}-\\x{10D65}\\x{10D70}-\\x{10D85}\\x{1DF25}-\\x{1DF2A}", ""},
    {"letter", "\\p{L}",
     "\\x{1C89}-\\x{1C8A}\\x{A7CB}-\\x{A7CD}\\x{A7DA}-\\x{A7DC}\\x{105C0}-\\x{105F3}\\x{10D4A}-\\x{10D65}\\x{10D6F}-\\x{10D85}"
     "\\x{10EC2}-\\x{10EC4}\\x{1123F}-\\x{11240}\\x{11380}-\\x{11389}\\x{1138B}\\x{1138E}\\x{11390}-\\x{113B5}\\x{113B7}"
     "\\x{113D1}\\x{113D3}\\x{11BC0}-\\x{11BE0}\\x{11F02}\\x{11F04}-\\x{11F10}\\x{11F12}-\\x{11F33}\\x{1342F}\\x{13441}-"
     "\\x{13446}\\x{13460}-\\x{143FA}\\x{16100}-\\x{1611D}\\x{16D40}-\\x{16D6C}\\x{18CFF}\\x{1B132}\\x{1B155}\\x{1DF25}-"
     "\\x{1DF2A}\\x{1E030}-\\x{1E06D}\\x{1E4D0}-\\x{1E4EB}\\x{1E5D0}-\\x{1E5ED}\\x{1E5F0}\\x{2B739}\\x{2EBF0}-\\x{2EE5D}"
     "\\x{31350}-\\x{323AF}",
     ""},
    {"letternumber", "\\p{Nl}", "", ""},
    {"limbu", "\\p{sc:Limbu}", "", ""},
    {"lineseparator", "\\p{Zl}", "", ""},
    {"ll", "\\p{Ll}", "\\x{1C8A}\\x{A7CD}\\x{A7DB}\\x{10D70}-\\x{10D85}\\x{1DF25}-\\x{1DF2A}", ""},
    {"lm", "\\p{Lm}", "\\x{10D4E}\\x{10D6F}\\x{16D40}-\\x{16D42}\\x{16D6B}-\\x{16D6C}\\x{1E030}-\\x{1E06D}\\x{1E4EB}", ""},
    {"lo", "\\p{Lo}",
     "\\x{105C0}-\\x{105F3}\\x{10D4A}-\\x{10D4D}\\x{10D4F}\\x{10EC2}-\\x{10EC4}\\x{1123F}-\\x{11240}\\x{11380}-\\x{11389}"
     "\\x{1138B}\\x{1138E}\\x{11390}-\\x{113B5}\\x{113B7}\\x{113D1}\\x{113D3}\\x{11BC0}-\\x{11BE0}\\x{11F02}\\x{11F04}-"
     "\\x{11F10}\\x{11F12}-\\x{11F33}\\x{1342F}\\x{13441}-\\x{13446}\\x{13460}-\\x{143FA}\\x{16100}-\\x{1611D}\\x{16D43}-"
     "\\x{16D6A}\\x{18CFF}\\x{1B132}\\x{1B155}\\x{1E4D0}-\\x{1E4EA}\\x{1E5D0}-\\x{1E5ED}\\x{1E5F0}\\x{2B739}\\x{2EBF0}-"
     "\\x{2EE5D}\\x{31350}-\\x{323AF}",
     ""},
    {"lower", "\\p{Lowercase}",
     "\\x{10FC}\\x{1C8A}\\x{A7CD}\\x{A7DB}\\x{A7F2}-\\x{A7F4}\\x{AB69}\\x{10D70}-\\x{10D85}\\x{1DF25}-\\x{1DF2A}\\x{1E030}-"
     "\\x{1E06D}",
     ""},
    {"lowercase", "\\p{Lowercase}",
     "\\x{10FC}\\x{1C8A}\\x{A7CD}\\x{A7DB}\\x{A7F2}-\\x{A7F4}\\x{AB69}\\x{10D70}-\\x{10D85}\\x{1DF25}-\\x{1DF2A}\\x{1E030}-"
     "\\x{1E06D}",
     ""},
    {"lowercaseletter", "\\p{Ll}", "\\x{1C8A}\\x{A7CD}\\x{A7DB}\\x{10D70}-\\x{10D85}\\x{1DF25}-\\x{1DF2A}", ""},
    {"lt", "\\p{Lt}", "", ""},
    {"lu", "\\p{Lu}", "\\x{1C89}\\x{A7CB}-\\x{A7CC}\\x{A7DA}\\x{A7DC}\\x{10D50}-\\x{10D65}", ""},
    {"m", "\\p{M}",
     "\\x{897}\\x{CF3}\\x{ECE}\\x{10D69}-\\x{10D6D}\\x{10EFC}-\\x{10EFF}\\x{11241}\\x{113B8}-\\x{113C0}\\x{113C2}\\x{113C5}"
     "\\x{113C7}-\\x{113CA}\\x{113CC}-\\x{113D0}\\x{113D2}\\x{113E1}-\\x{113E2}\\x{11F00}-\\x{11F01}\\x{11F03}\\x{11F34}-"
     "\\x{11F3A}\\x{11F3E}-\\x{11F42}\\x{11F5A}\\x{13440}\\x{13447}-\\x{13455}\\x{1611E}-\\x{1612F}\\x{1E08F}\\x{1E4EC}-"
     "\\x{1E4EF}\\x{1E5EE}-\\x{1E5EF}",
     ""},
    {"malayalam", "\\p{sc:Malayalam}", "", ""},
    {"mark", "\\p{M}",
     "\\x{897}\\x{CF3}\\x{ECE}\\x{10D69}-\\x{10D6D}\\x{10EFC}-\\x{10EFF}\\x{11241}\\x{113B8}-\\x{113C0}\\x{113C2}\\x{113C5}"
     "\\x{113C7}-\\x{113CA}\\x{113CC}-\\x{113D0}\\x{113D2}\\x{113E1}-\\x{113E2}\\x{11F00}-\\x{11F01}\\x{11F03}\\x{11F34}-"
     "\\x{11F3A}\\x{11F3E}-\\x{11F42}\\x{11F5A}\\x{13440}\\x{13447}-\\x{13455}\\x{1611E}-\\x{1612F}\\x{1E08F}\\x{1E4EC}-"
     "\\x{1E4EF}\\x{1E5EE}-\\x{1E5EF}",
     ""},
    {"math", "\\p{Math}", "\\x{10D8E}-\\x{10D8F}", ""},
    {"mathsymbol", "\\p{Sm}", "\\x{10D8E}-\\x{10D8F}", ""},
    {"mc", "\\p{Mc}",
     "\\x{CF3}\\x{113B8}-\\x{113BA}\\x{113C2}\\x{113C5}\\x{113C7}-\\x{113CA}\\x{113CC}-\\x{113CD}\\x{113CF}\\x{1171E}"
     "\\x{11F03}\\x{11F34}-\\x{11F35}\\x{11F3E}-\\x{11F3F}\\x{11F41}\\x{1612A}-\\x{1612C}",
     ""},
    {"me", "\\p{Me}", "", ""},
    {"mn", "\\p{Mn}",
     "\\x{897}\\x{ECE}\\x{10D69}-\\x{10D6D}\\x{10EFC}-\\x{10EFF}\\x{11241}\\x{113BB}-\\x{113C0}\\x{113CE}\\x{113D0}\\x{113D2}"
     "\\x{113E1}-\\x{113E2}\\x{11F00}-\\x{11F01}\\x{11F36}-\\x{11F3A}\\x{11F40}\\x{11F42}\\x{11F5A}\\x{13440}\\x{13447}-"
     "\\x{13455}\\x{1611E}-\\x{16129}\\x{1612D}-\\x{1612F}\\x{1E08F}\\x{1E4EC}-\\x{1E4EF}\\x{1E5EE}-\\x{1E5EF}",
     "\\x{1171E}"},
    {"modifierletter", "\\p{Lm}", "\\x{10D4E}\\x{10D6F}\\x{16D40}-\\x{16D42}\\x{16D6B}-\\x{16D6C}\\x{1E030}-\\x{1E06D}\\x{1E4EB}", ""},
    {"modifiersymbol", "\\p{Sk}", "", ""},
    {"mongolian", "\\p{sc:Mongolian}", "", ""},
    {"myanmar", "\\p{sc:Myanmar}", "\\x{116D0}-\\x{116E3}", ""},
    {"n", "\\p{N}",
     "\\x{10D40}-\\x{10D49}\\x{116D0}-\\x{116E3}\\x{11BF0}-\\x{11BF9}\\x{11F50}-\\x{11F59}\\x{16130}-\\x{16139}\\x{16D70}-"
     "\\x{16D79}\\x{1CCF0}-\\x{1CCF9}\\x{1D2C0}-\\x{1D2D3}\\x{1E4F0}-\\x{1E4F9}\\x{1E5F1}-\\x{1E5FA}",
     ""},
    {"nd", "\\p{Nd}",
     "\\x{10D40}-\\x{10D49}\\x{116D0}-\\x{116E3}\\x{11BF0}-\\x{11BF9}\\x{11F50}-\\x{11F59}\\x{16130}-\\x{16139}\\x{16D70}-"
     "\\x{16D79}\\x{1CCF0}-\\x{1CCF9}\\x{1E4F0}-\\x{1E4F9}\\x{1E5F1}-\\x{1E5FA}",
     ""},
    {"nko", "\\p{sc:Nko}", "", ""},
    {"nl", "\\p{Nl}", "", ""},
    {"no", "\\p{No}", "\\x{1D2C0}-\\x{1D2D3}", ""},
    {"nonspacingmark", "\\p{Mn}",
     "\\x{897}\\x{ECE}\\x{10D69}-\\x{10D6D}\\x{10EFC}-\\x{10EFF}\\x{11241}\\x{113BB}-\\x{113C0}\\x{113CE}\\x{113D0}\\x{113D2}"
     "\\x{113E1}-\\x{113E2}\\x{11F00}-\\x{11F01}\\x{11F36}-\\x{11F3A}\\x{11F40}\\x{11F42}\\x{11F5A}\\x{13440}\\x{13447}-"
     "\\x{13455}\\x{1611E}-\\x{16129}\\x{1612D}-\\x{1612F}\\x{1E08F}\\x{1E4EC}-\\x{1E4EF}\\x{1E5EE}-\\x{1E5EF}",
     "\\x{1171E}"},
    {"number", "\\p{N}",
     "\\x{10D40}-\\x{10D49}\\x{116D0}-\\x{116E3}\\x{11BF0}-\\x{11BF9}\\x{11F50}-\\x{11F59}\\x{16130}-\\x{16139}\\x{16D70}-"
     "\\x{16D79}\\x{1CCF0}-\\x{1CCF9}\\x{1D2C0}-\\x{1D2D3}\\x{1E4F0}-\\x{1E4F9}\\x{1E5F1}-\\x{1E5FA}",
     ""},
    {"ogham", "\\p{sc:Ogham}", "", ""},
    {"olchiki", "\\p{sc:Ol_Chiki}", "", ""},
    {"openpunctuation", "\\p{Ps}", "", ""},
    {"oriya", "\\p{sc:Oriya}", "", ""},
    {"other", "\\p{C}", "",
     "\\x{897}\\x{CF3}\\x{ECE}\\x{1B4E}-\\x{1B4F}\\x{1B7F}\\x{1C89}-\\x{1C8A}\\x{2427}-\\x{2429}\\x{2FFC}-\\x{2FFF}\\x{31E4}-"
     "\\x{31E5}\\x{31EF}\\x{A7CB}-\\x{A7CD}\\x{A7DA}-\\x{A7DC}\\x{105C0}-\\x{105F3}\\x{10D40}-\\x{10D65}\\x{10D69}-\\x{10D85}"
     "\\x{10D8E}-\\x{10D8F}\\x{10EC2}-\\x{10EC4}\\x{10EFC}-\\x{10EFF}\\x{1123F}-\\x{11241}\\x{11380}-\\x{11389}\\x{1138B}"
     "\\x{1138E}\\x{11390}-\\x{113B5}\\x{113B7}-\\x{113C0}\\x{113C2}\\x{113C5}\\x{113C7}-\\x{113CA}\\x{113CC}-\\x{113D5}"
     "\\x{113D7}-\\x{113D8}\\x{113E1}-\\x{113E2}\\x{116D0}-\\x{116E3}\\x{11B00}-\\x{11B09}\\x{11BC0}-\\x{11BE1}\\x{11BF0}-"
     "\\x{11BF9}\\x{11F00}-\\x{11F10}\\x{11F12}-\\x{11F3A}\\x{11F3E}-\\x{11F5A}\\x{1342F}\\x{13440}-\\x{13455}\\x{13460}-"
     "\\x{143FA}\\x{16100}-\\x{16139}\\x{16D40}-\\x{16D79}\\x{18CFF}\\x{1B132}\\x{1B155}\\x{1CC00}-\\x{1CCF9}\\x{1CD00}-"
     "\\x{1CEB3}\\x{1D2C0}-\\x{1D2D3}\\x{1DF25}-\\x{1DF2A}\\x{1E030}-\\x{1E06D}\\x{1E08F}\\x{1E4D0}-\\x{1E4F9}\\x{1E5D0}-"
     "\\x{1E5FA}\\x{1E5FF}\\x{1F6DC}\\x{1F774}-\\x{1F776}\\x{1F77B}-\\x{1F77F}\\x{1F7D9}\\x{1F8B2}-\\x{1F8BB}\\x{1F8C0}-"
     "\\x{1F8C1}\\x{1FA75}-\\x{1FA77}\\x{1FA87}-\\x{1FA89}\\x{1FA8F}\\x{1FAAD}-\\x{1FAAF}\\x{1FABB}-\\x{1FABF}\\x{1FAC6}"
     "\\x{1FACE}-\\x{1FACF}\\x{1FADA}-\\x{1FADC}\\x{1FADF}\\x{1FAE8}-\\x{1FAE9}\\x{1FAF7}-\\x{1FAF8}\\x{1FBCB}-\\x{1FBEF}"
     "\\x{2B739}\\x{2EBF0}-\\x{2EE5D}\\x{31350}-\\x{323AF}"},
    {"otherletter", "\\p{Lo}",
     "\\x{105C0}-\\x{105F3}\\x{10D4A}-\\x{10D4D}\\x{10D4F}\\x{10EC2}-\\x{10EC4}\\x{1123F}-\\x{11240}\\x{11380}-\\x{11389}"
     "\\x{1138B}\\x{1138E}\\x{11390}-\\x{113B5}\\x{113B7}\\x{113D1}\\x{113D3}\\x{11BC0}-\\x{11BE0}\\x{11F02}\\x{11F04}-"
     "\\x{11F10}\\x{11F12}-\\x{11F33}\\x{1342F}\\x{13441}-\\x{13446}\\x{13460}-\\x{143FA}\\x{16100}-\\x{1611D}\\x{16D43}-"
     "\\x{16D6A}\\x{18CFF}\\x{1B132}\\x{1B155}\\x{1E4D0}-\\x{1E4EA}\\x{1E5D0}-\\x{1E5ED}\\x{1E5F0}\\x{2B739}\\x{2EBF0}-"
     "\\x{2EE5D}\\x{31350}-\\x{323AF}",
     ""},
    {"othernumber", "\\p{No}", "\\x{1D2C0}-\\x{1D2D3}", ""},
    {"otherpunctuation", "\\p{Po}",
     "\\x{1B4E}-\\x{1B4F}\\x{1B7F}\\x{113D4}-\\x{113D5}\\x{113D7}-\\x{113D8}\\x{11B00}-\\x{11B09}\\x{11BE1}\\x{11F43}-"
     "\\x{11F4F}\\x{16D6D}-\\x{16D6F}\\x{1E5FF}",
     ""},
    {"othersymbol", "\\p{So}",
     "\\x{2427}-\\x{2429}\\x{2FFC}-\\x{2FFF}\\x{31E4}-\\x{31E5}\\x{31EF}\\x{1CC00}-\\x{1CCEF}\\x{1CD00}-\\x{1CEB3}\\x{1F6DC}"
     "\\x{1F774}-\\x{1F776}\\x{1F77B}-\\x{1F77F}\\x{1F7D9}\\x{1F8B2}-\\x{1F8BB}\\x{1F8C0}-\\x{1F8C1}\\x{1FA75}-\\x{1FA77}"
     "\\x{1FA87}-\\x{1FA89}\\x{1FA8F}\\x{1FAAD}-\\x{1FAAF}\\x{1FABB}-\\x{1FABF}\\x{1FAC6}\\x{1FACE}-\\x{1FACF}\\x{1FADA}-"
     "\\x{1FADC}\\x{1FADF}\\x{1FAE8}-\\x{1FAE9}\\x{1FAF7}-\\x{1FAF8}\\x{1FBCB}-\\x{1FBEF}",
     ""},
    {"p", "\\p{P}",
     "\\x{1B4E}-\\x{1B4F}\\x{1B7F}\\x{10D6E}\\x{113D4}-\\x{113D5}\\x{113D7}-\\x{113D8}\\x{11B00}-\\x{11B09}\\x{11BE1}"
     "\\x{11F43}-\\x{11F4F}\\x{16D6D}-\\x{16D6F}\\x{1E5FF}",
     ""},
    {"paragraphseparator", "\\p{Zp}", "", ""},
    {"pc", "\\p{Pc}", "", ""},
    {"pd", "\\p{Pd}", "\\x{10D6E}", ""},
    {"pe", "\\p{Pe}", "", ""},
    {"pf", "\\p{Pf}", "", ""},
    {"pi", "\\p{Pi}", "", ""},
    {"po", "\\p{Po}",
     "\\x{1B4E}-\\x{1B4F}\\x{1B7F}\\x{113D4}-\\x{113D5}\\x{113D7}-\\x{113D8}\\x{11B00}-\\x{11B09}\\x{11BE1}\\x{11F43}-"
     "\\x{11F4F}\\x{16D6D}-\\x{16D6F}\\x{1E5FF}",
     ""},
    {"posixpunct", "\\p{P}\\p{S}",
     "\\x{1B4E}-\\x{1B4F}\\x{1B7F}\\x{2427}-\\x{2429}\\x{2FFC}-\\x{2FFF}\\x{31E4}-\\x{31E5}\\x{31EF}\\x{10D6E}\\x{10D8E}-"
     "\\x{10D8F}\\x{113D4}-\\x{113D5}\\x{113D7}-\\x{113D8}\\x{11B00}-\\x{11B09}\\x{11BE1}\\x{11F43}-\\x{11F4F}\\x{16D6D}-"
     "\\x{16D6F}\\x{1CC00}-\\x{1CCEF}\\x{1CD00}-\\x{1CEB3}\\x{1E5FF}\\x{1F6DC}\\x{1F774}-\\x{1F776}\\x{1F77B}-\\x{1F77F}"
     "\\x{1F7D9}\\x{1F8B2}-\\x{1F8BB}\\x{1F8C0}-\\x{1F8C1}\\x{1FA75}-\\x{1FA77}\\x{1FA87}-\\x{1FA89}\\x{1FA8F}\\x{1FAAD}-"
     "\\x{1FAAF}\\x{1FABB}-\\x{1FABF}\\x{1FAC6}\\x{1FACE}-\\x{1FACF}\\x{1FADA}-\\x{1FADC}\\x{1FADF}\\x{1FAE8}-\\x{1FAE9}"
     "\\x{1FAF7}-\\x{1FAF8}\\x{1FBCB}-\\x{1FBEF}",
     ""},
    {"print", "\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Cf}\\p{Co}\\p{Zs}",
     "\\x{897}\\x{CF3}\\x{ECE}\\x{1B4E}-\\x{1B4F}\\x{1B7F}\\x{1C89}-\\x{1C8A}\\x{2427}-\\x{2429}\\x{2FFC}-\\x{2FFF}\\x{31E4}-"
     "\\x{31E5}\\x{31EF}\\x{A7CB}-\\x{A7CD}\\x{A7DA}-\\x{A7DC}\\x{105C0}-\\x{105F3}\\x{10D40}-\\x{10D65}\\x{10D69}-\\x{10D85}"
     "\\x{10D8E}-\\x{10D8F}\\x{10EC2}-\\x{10EC4}\\x{10EFC}-\\x{10EFF}\\x{1123F}-\\x{11241}\\x{11380}-\\x{11389}\\x{1138B}"
     "\\x{1138E}\\x{11390}-\\x{113B5}\\x{113B7}-\\x{113C0}\\x{113C2}\\x{113C5}\\x{113C7}-\\x{113CA}\\x{113CC}-\\x{113D5}"
     "\\x{113D7}-\\x{113D8}\\x{113E1}-\\x{113E2}\\x{116D0}-\\x{116E3}\\x{11B00}-\\x{11B09}\\x{11BC0}-\\x{11BE1}\\x{11BF0}-"
     "\\x{11BF9}\\x{11F00}-\\x{11F10}\\x{11F12}-\\x{11F3A}\\x{11F3E}-\\x{11F5A}\\x{1342F}\\x{13439}-\\x{13455}\\x{13460}-"
     "\\x{143FA}\\x{16100}-\\x{16139}\\x{16D40}-\\x{16D79}\\x{18CFF}\\x{1B132}\\x{1B155}\\x{1CC00}-\\x{1CCF9}\\x{1CD00}-"
     "\\x{1CEB3}\\x{1D2C0}-\\x{1D2D3}\\x{1DF25}-\\x{1DF2A}\\x{1E030}-\\x{1E06D}\\x{1E08F}\\x{1E4D0}-\\x{1E4F9}\\x{1E5D0}-"
     "\\x{1E5FA}\\x{1E5FF}\\x{1F6DC}\\x{1F774}-\\x{1F776}\\x{1F77B}-\\x{1F77F}\\x{1F7D9}\\x{1F8B2}-\\x{1F8BB}\\x{1F8C0}-"
     "\\x{1F8C1}\\x{1FA75}-\\x{1FA77}\\x{1FA87}-\\x{1FA89}\\x{1FA8F}\\x{1FAAD}-\\x{1FAAF}\\x{1FABB}-\\x{1FABF}\\x{1FAC6}"
     "\\x{1FACE}-\\x{1FACF}\\x{1FADA}-\\x{1FADC}\\x{1FADF}\\x{1FAE8}-\\x{1FAE9}\\x{1FAF7}-\\x{1FAF8}\\x{1FBCB}-\\x{1FBEF}"
     "\\x{2B739}\\x{2EBF0}-\\x{2EE5D}\\x{31350}-\\x{323AF}",
     ""},
    {"privateuse", "\\p{Co}", "", ""},
    {"ps", "\\p{Ps}", "", ""},
    {"punct", "\\p{P}",
     "\\x{1B4E}-\\x{1B4F}\\x{1B7F}\\x{10D6E}\\x{113D4}-\\x{113D5}\\x{113D7}-\\x{113D8}\\x{11B00}-\\x{11B09}\\x{11BE1}"
     "\\x{11F43}-\\x{11F4F}\\x{16D6D}-\\x{16D6F}\\x{1E5FF}",
     ""},
    {"punctuation", "\\p{P}",
     "\\x{1B4E}-\\x{1B4F}\\x{1B7F}\\x{10D6E}\\x{113D4}-\\x{113D5}\\x{113D7}-\\x{113D8}\\x{11B00}-\\x{11B09}\\x{11BE1}"
     "\\x{11F43}-\\x{11F4F}\\x{16D6D}-\\x{16D6F}\\x{1E5FF}",
     ""},
    {"quotationmark", "\\p{Quotation_Mark}", "", ""},
    {"regionalindicator", "\\p{Regional_Indicator}", "", ""},
    {"runic", "\\p{sc:Runic}", "", ""},
    {"s", "\\p{S}",
     "\\x{2427}-\\x{2429}\\x{2FFC}-\\x{2FFF}\\x{31E4}-\\x{31E5}\\x{31EF}\\x{10D8E}-\\x{10D8F}\\x{1CC00}-\\x{1CCEF}\\x{1CD00}-"
     "\\x{1CEB3}\\x{1F6DC}\\x{1F774}-\\x{1F776}\\x{1F77B}-\\x{1F77F}\\x{1F7D9}\\x{1F8B2}-\\x{1F8BB}\\x{1F8C0}-\\x{1F8C1}"
     "\\x{1FA75}-\\x{1FA77}\\x{1FA87}-\\x{1FA89}\\x{1FA8F}\\x{1FAAD}-\\x{1FAAF}\\x{1FABB}-\\x{1FABF}\\x{1FAC6}\\x{1FACE}-"
     "\\x{1FACF}\\x{1FADA}-\\x{1FADC}\\x{1FADF}\\x{1FAE8}-\\x{1FAE9}\\x{1FAF7}-\\x{1FAF8}\\x{1FBCB}-\\x{1FBEF}",
     ""},
    {"sc", "\\p{Sc}", "", ""},
    {"sentenceterminal", "\\p{Sentence_Terminal}",
     "\\x{17D4}-\\x{17D5}\\x{1B4E}-\\x{1B4F}\\x{1B7F}\\x{2024}\\x{2CF9}-\\x{2CFB}\\x{FE12}\\x{FE15}-\\x{FE16}\\x{113D4}-"
     "\\x{113D5}\\x{11F43}-\\x{11F44}\\x{16D6E}-\\x{16D6F}",
     ""},
    {"separator", "\\p{Z}", "", ""},
    {"sinhala", "\\p{sc:Sinhala}", "", ""},
    {"sk", "\\p{Sk}", "", ""},
    {"sm", "\\p{Sm}", "\\x{10D8E}-\\x{10D8F}", ""},
    {"so", "\\p{So}",
     "\\x{2427}-\\x{2429}\\x{2FFC}-\\x{2FFF}\\x{31E4}-\\x{31E5}\\x{31EF}\\x{1CC00}-\\x{1CCEF}\\x{1CD00}-\\x{1CEB3}\\x{1F6DC}"
     "\\x{1F774}-\\x{1F776}\\x{1F77B}-\\x{1F77F}\\x{1F7D9}\\x{1F8B2}-\\x{1F8BB}\\x{1F8C0}-\\x{1F8C1}\\x{1FA75}-\\x{1FA77}"
     "\\x{1FA87}-\\x{1FA89}\\x{1FA8F}\\x{1FAAD}-\\x{1FAAF}\\x{1FABB}-\\x{1FABF}\\x{1FAC6}\\x{1FACE}-\\x{1FACF}\\x{1FADA}-"
     "\\x{1FADC}\\x{1FADF}\\x{1FAE8}-\\x{1FAE9}\\x{1FAF7}-\\x{1FAF8}\\x{1FBCB}-\\x{1FBEF}",
     ""},
    {"space", "\\p{White_Space}", "", ""},
    {"spaceseparator", "\\p{Zs}", "", ""},
    {"spacingmark", "\\p{Mc}",
     "\\x{CF3}\\x{113B8}-\\x{113BA}\\x{113C2}\\x{113C5}\\x{113C7}-\\x{113CA}\\x{113CC}-\\x{113CD}\\x{113CF}\\x{1171E}"
     "\\x{11F03}\\x{11F34}-\\x{11F35}\\x{11F3E}-\\x{11F3F}\\x{11F41}\\x{1612A}-\\x{1612C}",
     ""},
    {"sundanese", "\\p{sc:Sundanese}", "", ""},
    {"symbol", "\\p{S}",
     "\\x{2427}-\\x{2429}\\x{2FFC}-\\x{2FFF}\\x{31E4}-\\x{31E5}\\x{31EF}\\x{10D8E}-\\x{10D8F}\\x{1CC00}-\\x{1CCEF}\\x{1CD00}-"
     "\\x{1CEB3}\\x{1F6DC}\\x{1F774}-\\x{1F776}\\x{1F77B}-\\x{1F77F}\\x{1F7D9}\\x{1F8B2}-\\x{1F8BB}\\x{1F8C0}-\\x{1F8C1}"
     "\\x{1FA75}-\\x{1FA77}\\x{1FA87}-\\x{1FA89}\\x{1FA8F}\\x{1FAAD}-\\x{1FAAF}\\x{1FABB}-\\x{1FABF}\\x{1FAC6}\\x{1FACE}-"
     "\\x{1FACF}\\x{1FADA}-\\x{1FADC}\\x{1FADF}\\x{1FAE8}-\\x{1FAE9}\\x{1FAF7}-\\x{1FAF8}\\x{1FBCB}-\\x{1FBEF}",
     ""},
    {"syriac", "\\p{sc:Syriac}", "", ""},
    {"tagalog", "\\p{sc:Tagalog}", "", ""},
    {"taile", "\\p{sc:Tai_Le}", "", ""},
    {"tamil", "\\p{sc:Tamil}", "", ""},
    {"telugu", "\\p{sc:Telugu}", "", ""},
    {"terminalpunctuation", "\\p{Terminal_Punctuation}",
     "\\x{1B4E}-\\x{1B4F}\\x{1B7F}\\x{2024}\\x{2CF9}-\\x{2CFB}\\x{FE12}\\x{FE15}-\\x{FE16}\\x{113D4}-\\x{113D5}\\x{11F43}-"
     "\\x{11F44}\\x{16D6E}-\\x{16D6F}",
     "\\x{836}"},
    {"thaana", "\\p{sc:Thaana}", "", ""},
    {"thai", "\\p{sc:Thai}", "", ""},
    {"tibetan", "\\p{sc:Tibetan}", "", ""},
    {"tifinagh", "\\p{sc:Tifinagh}", "", ""},
    {"titlecaseletter", "\\p{Lt}", "", ""},
    {"unassigned", "\\p{Cn}", "",
     "\\x{897}\\x{CF3}\\x{ECE}\\x{1B4E}-\\x{1B4F}\\x{1B7F}\\x{1C89}-\\x{1C8A}\\x{2427}-\\x{2429}\\x{2FFC}-\\x{2FFF}\\x{31E4}-"
     "\\x{31E5}\\x{31EF}\\x{A7CB}-\\x{A7CD}\\x{A7DA}-\\x{A7DC}\\x{105C0}-\\x{105F3}\\x{10D40}-\\x{10D65}\\x{10D69}-\\x{10D85}"
     "\\x{10D8E}-\\x{10D8F}\\x{10EC2}-\\x{10EC4}\\x{10EFC}-\\x{10EFF}\\x{1123F}-\\x{11241}\\x{11380}-\\x{11389}\\x{1138B}"
     "\\x{1138E}\\x{11390}-\\x{113B5}\\x{113B7}-\\x{113C0}\\x{113C2}\\x{113C5}\\x{113C7}-\\x{113CA}\\x{113CC}-\\x{113D5}"
     "\\x{113D7}-\\x{113D8}\\x{113E1}-\\x{113E2}\\x{116D0}-\\x{116E3}\\x{11B00}-\\x{11B09}\\x{11BC0}-\\x{11BE1}\\x{11BF0}-"
     "\\x{11BF9}\\x{11F00}-\\x{11F10}\\x{11F12}-\\x{11F3A}\\x{11F3E}-\\x{11F5A}\\x{1342F}\\x{13439}-\\x{13455}\\x{13460}-"
     "\\x{143FA}\\x{16100}-\\x{16139}\\x{16D40}-\\x{16D79}\\x{18CFF}\\x{1B132}\\x{1B155}\\x{1CC00}-\\x{1CCF9}\\x{1CD00}-"
     "\\x{1CEB3}\\x{1D2C0}-\\x{1D2D3}\\x{1DF25}-\\x{1DF2A}\\x{1E030}-\\x{1E06D}\\x{1E08F}\\x{1E4D0}-\\x{1E4F9}\\x{1E5D0}-"
     "\\x{1E5FA}\\x{1E5FF}\\x{1F6DC}\\x{1F774}-\\x{1F776}\\x{1F77B}-\\x{1F77F}\\x{1F7D9}\\x{1F8B2}-\\x{1F8BB}\\x{1F8C0}-"
     "\\x{1F8C1}\\x{1FA75}-\\x{1FA77}\\x{1FA87}-\\x{1FA89}\\x{1FA8F}\\x{1FAAD}-\\x{1FAAF}\\x{1FABB}-\\x{1FABF}\\x{1FAC6}"
     "\\x{1FACE}-\\x{1FACF}\\x{1FADA}-\\x{1FADC}\\x{1FADF}\\x{1FAE8}-\\x{1FAE9}\\x{1FAF7}-\\x{1FAF8}\\x{1FBCB}-\\x{1FBEF}"
     "\\x{2B739}\\x{2EBF0}-\\x{2EE5D}\\x{31350}-\\x{323AF}"},
    {"unifiedideograph", "\\p{Unified_Ideograph}", "\\x{2B739}\\x{2EBF0}-\\x{2EE5D}\\x{31350}-\\x{323AF}", ""},
    {"upper", "\\p{Uppercase}", "\\x{1C89}\\x{A7CB}-\\x{A7CC}\\x{A7DA}\\x{A7DC}\\x{10D50}-\\x{10D65}", ""},
    {"uppercase", "\\p{Uppercase}", "\\x{1C89}\\x{A7CB}-\\x{A7CC}\\x{A7DA}\\x{A7DC}\\x{10D50}-\\x{10D65}", ""},
    {"uppercaseletter", "\\p{Lu}", "\\x{1C89}\\x{A7CB}-\\x{A7CC}\\x{A7DA}\\x{A7DC}\\x{10D50}-\\x{10D65}", ""},
    {"vai", "\\p{sc:Vai}", "", ""},
    {"variationselector", "\\p{Variation_Selector}", "", ""},
    {"whitespace", "\\p{White_Space}", "", ""},
    {"word", "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}",
     "\\x{897}\\x{CF3}\\x{ECE}\\x{1C89}-\\x{1C8A}\\x{A7CB}-\\x{A7CD}\\x{A7DA}-\\x{A7DC}\\x{105C0}-\\x{105F3}\\x{10D40}-"
     "\\x{10D65}\\x{10D69}-\\x{10D6D}\\x{10D6F}-\\x{10D85}\\x{10EC2}-\\x{10EC4}\\x{10EFC}-\\x{10EFF}\\x{1123F}-\\x{11241}"
     "\\x{11380}-\\x{11389}\\x{1138B}\\x{1138E}\\x{11390}-\\x{113B5}\\x{113B7}-\\x{113C0}\\x{113C2}\\x{113C5}\\x{113C7}-"
     "\\x{113CA}\\x{113CC}-\\x{113D3}\\x{113E1}-\\x{113E2}\\x{116D0}-\\x{116E3}\\x{11BC0}-\\x{11BE0}\\x{11BF0}-\\x{11BF9}"
     "\\x{11F00}-\\x{11F10}\\x{11F12}-\\x{11F3A}\\x{11F3E}-\\x{11F42}\\x{11F50}-\\x{11F5A}\\x{1342F}\\x{13440}-\\x{13455}"
     "\\x{13460}-\\x{143FA}\\x{16100}-\\x{16139}\\x{16D40}-\\x{16D6C}\\x{16D70}-\\x{16D79}\\x{18CFF}\\x{1B132}\\x{1B155}"
     "\\x{1CCF0}-\\x{1CCF9}\\x{1DF25}-\\x{1DF2A}\\x{1E030}-\\x{1E06D}\\x{1E08F}\\x{1E4D0}-\\x{1E4F9}\\x{1E5D0}-\\x{1E5FA}"
     "\\x{2B739}\\x{2EBF0}-\\x{2EE5D}\\x{31350}-\\x{323AF}",
     ""},
    {"xdigit", "0-9a-fA-F", "", ""},
    {"xidcontinue", "\\p{XID_Continue}",
     "\\x{897}\\x{CF3}\\x{ECE}\\x{1C89}-\\x{1C8A}\\x{200C}-\\x{200D}\\x{30FB}\\x{A7CB}-\\x{A7CD}\\x{A7DA}-\\x{A7DC}\\x{FF65}"
     "\\x{105C0}-\\x{105F3}\\x{10D40}-\\x{10D65}\\x{10D69}-\\x{10D6D}\\x{10D6F}-\\x{10D85}\\x{10EC2}-\\x{10EC4}\\x{10EFC}-"
     "\\x{10EFF}\\x{1123F}-\\x{11241}\\x{11380}-\\x{11389}\\x{1138B}\\x{1138E}\\x{11390}-\\x{113B5}\\x{113B7}-\\x{113C0}"
     "\\x{113C2}\\x{113C5}\\x{113C7}-\\x{113CA}\\x{113CC}-\\x{113D3}\\x{113E1}-\\x{113E2}\\x{116D0}-\\x{116E3}\\x{11BC0}-"
     "\\x{11BE0}\\x{11BF0}-\\x{11BF9}\\x{11F00}-\\x{11F10}\\x{11F12}-\\x{11F3A}\\x{11F3E}-\\x{11F42}\\x{11F50}-\\x{11F5A}"
     "\\x{1342F}\\x{13440}-\\x{13455}\\x{13460}-\\x{143FA}\\x{16100}-\\x{16139}\\x{16D40}-\\x{16D6C}\\x{16D70}-\\x{16D79}"
     "\\x{18CFF}\\x{1B132}\\x{1B155}\\x{1CCF0}-\\x{1CCF9}\\x{1DF25}-\\x{1DF2A}\\x{1E030}-\\x{1E06D}\\x{1E08F}\\x{1E4D0}-"
     "\\x{1E4F9}\\x{1E5D0}-\\x{1E5FA}\\x{2B739}\\x{2EBF0}-\\x{2EE5D}\\x{31350}-\\x{323AF}",
     ""},
    {"xidstart", "\\p{XID_Start}",
     "\\x{1C89}-\\x{1C8A}\\x{A7CB}-\\x{A7CD}\\x{A7DA}-\\x{A7DC}\\x{105C0}-\\x{105F3}\\x{10D4A}-\\x{10D65}\\x{10D6F}-\\x{10D85}"
     "\\x{10EC2}-\\x{10EC4}\\x{1123F}-\\x{11240}\\x{11380}-\\x{11389}\\x{1138B}\\x{1138E}\\x{11390}-\\x{113B5}\\x{113B7}"
     "\\x{113D1}\\x{113D3}\\x{11BC0}-\\x{11BE0}\\x{11F02}\\x{11F04}-\\x{11F10}\\x{11F12}-\\x{11F33}\\x{1342F}\\x{13441}-"
     "\\x{13446}\\x{13460}-\\x{143FA}\\x{16100}-\\x{1611D}\\x{16D40}-\\x{16D6C}\\x{18CFF}\\x{1B132}\\x{1B155}\\x{1DF25}-"
     "\\x{1DF2A}\\x{1E030}-\\x{1E06D}\\x{1E4D0}-\\x{1E4EB}\\x{1E5D0}-\\x{1E5ED}\\x{1E5F0}\\x{2B739}\\x{2EBF0}-\\x{2EE5D}"
     "\\x{31350}-\\x{323AF}",
     ""},
    {"yi", "\\p{sc:Yi}", "", ""},
    {"z", "\\p{Z}", "", ""},
    {"zl", "\\p{Zl}", "", ""},
    {"zp", "\\p{Zp}", "", ""},
    {"zs", "\\p{Zs}", "", ""},
};
const size_t hone__regex_n_properties = sizeof hone__regex_properties / sizeof *hone__regex_properties;
