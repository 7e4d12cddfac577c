"""Words of labels in radiotherapy, which are no names of people by themselves."""

from __future__ import annotations

from typing import Final

_WORDS: Final = """
abdomen aorta artery axilla bladder body bone bowel brachial brain brainstem breast bronchus cauda
cavity chest chestwall chiasm cochlea colon cord couch duodenum esophagus external eyes femur fossa
gland great head heart hilum hippocampus intestine jejunum kidney lacrimal large larynx left lens
lips liver lobe lower lung lungs mandible margin marrow mouth muscle neck nerve nipple node nodes
oesophagus optic oral organ ovary pancreas parotid pelvis penile plexus pituitary prostate rectum
retina ribs right sacrum sigmoid skin skull small spinal spine spleen stomach submandibular surface
target tendon testis thorax thyroid tissue tongue trachea tumor tumour upper ureter urethra uterus
vein vena ventricle vertebra vessel vulva wall whole
ptv gtv ctv itv igtv prv avoid avoidance boost bolus contour crop dose dosis eval expanded field
final fraction high hotspot inner isodose level margin minus opt optimization outer outside overlap
phase plan primary prior ring sbrt shell structure subtract support table total union volume setup
approved original copy test with without name arc beam beams static conformal vmat imrt
linac truebeam halcyon versa agility synergy trilogy tomotherapy cyberknife unity ethos radixact
leber lunge lungen herz magen darm niere nieren milz haut ruckenmark speiserohre blase rippe rippen
korper wirbel gehirn brust links rechts oben unten leben zwolffingerdarm dunndarm dickdarm gross
higado corazon estomago rinon rinones pulmon pulmones bazo piel medula esofago intestino vejiga
costilla cuerpo derecho izquierdo derecha izquierda
foie coeur estomac rein reins poumon poumons rate peau moelle oesophage intestin vessie cote corps
droit gauche droite tronc
肝脏 肝 肺 左肺 右肺 双肺 全肺 心脏 胃 脊髓 肾 左肾 右肾 双肾 脾
脾脏 胰腺 十二指肠 小肠 大肠 结肠 食管 气管 皮肤 体表 外轮廓 肿瘤
靶区 计划 剂量 危及器官 胸壁 肋骨 大血管 胆囊 胆管 马蹄肾 高剂量
低剂量 床板 金标 黄疸 白质 石膏 关节 余肝 正常肝 方案 温度 成人 江南
печень сердце желудок легкое легкие почка почки кожа тело опухоль рак нога глаз мозг ребра левая
правая левое правое
"""

WORDS: Final = frozenset(_WORDS.split())
"""Folded, as `sbrt_qa.deid.spelling.folded` gives them."""

COMMON_CHARACTERS: Final = frozenset(
    "左右上下前后中内外大小高低全双总正常余新旧肝肺心胃肠脊髓骨肾脾胰胆食管道气主动静脉靶区肿瘤淋巴结计划剂量"
    "环避让皮肤体表轮廓床管壁头颈胸腹盆脑眼耳鼻口舌喉咽甲状腺乳房膀胱直结十二指门腔支干叶段部位图像期版方案"
    "金石水土木火年月日号第一二三四五六七八九零百千万江南北东西黄白红黑青平安成人手足关节"
)
"""Characters that stand in labels whoever the patient is."""
