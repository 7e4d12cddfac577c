"""Letters by how often a language uses them, and words of anatomy that need more than ASCII.

The alphabets are ordered from the most to the least frequent letter, as published for each
language; `likely_text.py` needs the order alone.
"""

from __future__ import annotations

from typing import Final

CYRILLIC: Final = {
    "Russian": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
    "Ukrainian": "оаниівртеслкдмупязьбгчйхцюжєїшщфґ",
    "Belarusian": "аінылрдекятосзуьўвпмгбчцйшхжюэёф",
    "Bulgarian": "аиоентрсвлкдпмзбгуъячщжцйшхфюь",
    "Serbian": "аиоенрсјтувкдлпмзгбшчцхжљњћђфџ",
    "Macedonian": "аоиентрвсдкмлпуѓјзгбчшцжќхфњљѕџ",
}

GREEK: Final = {"Greek": "ατοιεσνηυρπκλμςωδγέίόάήύχώθφβξζψϊϋΐΰ"}

CYRILLIC_VOWELS: Final = frozenset("аеёиоуыэюяіїєјўъ")

LATIN: Final = {
    "Croatian": "čćđšž",
    "Czech": "áčďéěíňóřšťúůýž",
    "Danish, Norwegian, Swedish": "åäæéöø",
    "Dutch": "áéëïíóöú",
    "Estonian": "äõöüšž",
    "French": "àâæçéèêëîïôœùûü",
    "German": "äöüß",
    "Hungarian": "áéíóöőúüű",
    "Icelandic": "áæðéíóöþúý",
    "Italian": "àèéìíòóù",
    "Latvian": "āčēģīķļņšūž",
    "Lithuanian": "ąčęėįšųūž",
    "Polish": "ąćęłńóśźż",
    "Portuguese": "áâãàçéêíóôõú",
    "Romanian": "ăâîșțşţ",
    "Slovak": "áäčďéíĺľňóôŕšťúýž",
    "Spanish": "áéíñóúü",
    "Turkish": "âçğıîöşüû",
    "Vietnamese": "ăâđêôơư",
}
"""Letters beyond ASCII of each language."""

RARE_LATIN: Final = frozenset("ðþýŕĺ")
"""Letters that few names have, so that a reading full of them is doubted first."""

_WORDS: Final = (
    # Croatian
    "želudac dušnik žučni mokraćni kralježnična moždina rožnica koža "
    # Czech, Slovak
    "játra žaludek žalúdok mícha míšní pľúca plíce dvanáctník dvanástnik jícen pažerák střevo "
    "črevo kůže koža žebra rebrá průdušnice žlčník žlučník močový měchýř játrová pečeň "
    # Danish, Norwegian, Swedish
    "ryggmärg hjärta hjärna spiserør magsäck mavesæk hjärtat magesäck lungør spisrør "
    "rygmärgskanal urinblåsa galleblære blære urinblære galdeblære hjärnstam vänster höger "
    "højre høyre hø vä "
    # French
    "épinière côlon œsophage cœur vésicule trachée grêle duodénum artère crâne péricarde œil "
    "hépatique côte côtes sténose médiastin résidu résection "
    # German
    "zwölffingerdarm rückenmark rückenmarkkanal speiseröhre dünndarm luftröhre gefäße gefäß "
    "größe drüse bauchspeicheldrüse schilddrüse körper außenkontur äußere übergang "
    # Hungarian
    "máj gerincvelő tüdő nyelőcső szív patkóbél bőr epehólyag vékonybél vastagbél hólyag légcső "
    "főhörgő "
    # Icelandic
    "mæna nýra vélinda þind miðmæti garðþind hryggþófi bláæð slagæð hægri þarmar smáþarmar "
    "gallblaðra þvagblaðra húð "
    # Polish
    "wątroba żołądek przełyk śledziona skóra płuco płuca kręgowy rdzeń kanał żebra żebro "
    "pęcherz pęcherzyk żółciowy ściana wątroby "
    # Portuguese
    "fígado coração pulmão pulmões estômago esôfago esófago baço cólon traquéia vesícula "
    "brônquio brônquios pâncreas tórax "
    # Romanian
    "măduva spinării plămân plămâni inimă splină coloană vezică "
    # Russian, Ukrainian, Bulgarian, Serbian, Macedonian
    "печень сердце желудок лёгкое легкое лёгкие легкие мозг спинной пищевод кишка почка почки кожа "
    "тело глаз глаза хиазма селезёнка трахея опухоль левая правая левое правое контур мишень аорта "
    "печінка серце шлунок легеня мозок нирка шкіра тіло ліва права дроб сърце стомах бъбрек далак "
    "јетра срце желудац плућа мождина бубрег слезина желудник бели "
    # Greek
    "ήπαρ ηπαρ καρδιά καρδια στόμαχος πνεύμονας νωτιαίος μυελός οισοφάγος νεφρός σπλήνας δέρμα "
    "έντερο άνω κοιλία αριστερά δεξιά όγκος "
    # Spanish
    "hígado médula riñón riñones corazón pulmón estómago esófago tráquea páncreas vesícula "
    "próstata aórta "
    # Turkish
    "karaciğer akciğer böbrek bağırsak sağ dalağı göğüs özofagus kalın incebağırsak böbrekler "
)

ANATOMY: Final = frozenset(_WORDS.split())
"""Words of anatomy beyond ASCII, in lower case."""

ORGAN_CHARACTERS: Final = frozenset(
    "肝脏臟臓胃心肺肾腎脾胰膵脊髓髄十二指肠腸小大食管道气支皮肤膚肋骨左右上下叶葉门門静靜動动脉脈胆膽囊"
    "膀胱结結直靶标標的区區计計划劃画危及器官肿腫瘤淋巴体體轮輪廓积積眼脑腦干幹晶视視神经經腔主血全胸壁椎甲状腺"
    "간심장폐척수십이지소식도신피부위대왼쪽오른췌비방광직전립선좌우뇌표적종양"
)
"""Characters of the names of organs and targets in Chinese, Japanese and Korean."""
