"""Names of structures as clinics write them, by language; not only those the product knows."""

_JOINED = {
    "Russian": (
        "Печень|Сердце|Желудок Лёгкое левое|Лёгкие|Спинной мозг|Пищевод|"
        "Двенадцатиперстная кишка|Почка левая|Почка правая|Почки|Селезёнка|Тонкая кишка|Трахея|"
        "Кожа|Тело|Опухоль|Рак|Нога|Глаз|Мозг|Ствол мозга|Хиазма|Аорта|Рёбра|Бронхи|"
        "Печень - GTV|Мочевой пузырь|Прямая кишка|Простата|Контур тела|ПЕЧЕНЬ|СПИННОЙ МОЗГ|"
        "КОЖА|ТЕЛО|Поджелудочная железа|Жёлчный пузырь|печень|сердце|почка л|почка п|"
        "Наружный контур|мишень|Мишень 1|тело|кишка|Надпочечник|Диафрагма|Плечевое сплетение|"
        "Гипофиз|Щитовидная железа|Хрусталик|Язык|Гортань|Улитка|ОБОЛОЧКА|Полая вена|"
        "Ложе опухоли"
    ),
    "Ukrainian": (
        "Печінка|Серце|Шлунок|Легеня ліва|Спинний мозок|Стравохід|Нирка ліва|Нирка права|"
        "Селезінка|Тонка кишка|Шкіра|Тіло|Пухлина|Ребра|Очі|Щитоподібна залоза|Сечовий міхур|"
        "Діафрагма"
    ),
    "Bulgarian": (
        "Черен дроб|Сърце|Стомах|Бял дроб|Гръбначен мозък|Хранопровод|Бъбрек ляв|Далак|"
        "Дуоденум|Кожа|Тяло"
    ),
    "Serbian": (
        "Јетра|Срце|Желудац|Плућа|Кичмена мождина|Једњак|Бубрег леви|Слезина|Кожа|Тело|"
        "Дуоденум|црева"
    ),
    "Macedonian": ("Црн дроб|Срце|Желудник|Бели дробови|Рбетен мозок|Хранопровод|Бубрег"),
    "Greek": (
        "Ήπαρ|Καρδιά|Στόμαχος|Πνεύμονας|Νωτιαίος μυελός|Οισοφάγος|Νεφρός|Σπλήνας|Δωδεκαδάκτυλο|"
        "Άνω κοιλία|Έντερο|ΗΠΑΡ|ΚΑΡΔΙΑ|Δέρμα|Ήπαρ αριστερά|συκώτι|όγκος|Θώρακας|Κύστη"
    ),
    "Polish": (
        "Wątroba|Żołądek|Przełyk|Rdzeń kręgowy|Śledziona|Płuco lewe|Skóra|Żebra|Pęcherz|Ściana|"
        "Oskrzele główne|Węzły|Jelito grube i cienkie żyły|Blizna pooperacyjna łoże|Tętnica|"
        "Dół biodrowy|Łokieć"
    ),
    "Czech": (
        "Játra|Žaludek|Mícha|Plíce|Jícen|Střevo|Kůže|Žebra|Průdušnice|Dvanáctník|Ledvina levá|"
        "Břicho|Přední|Mícha kanál|Tlusté střevo|Páteř|Nádor|Čočka|Štítná žláza"
    ),
    "Hungarian": (
        "Máj|Gerincvelő|Tüdő bal|Nyelőcső|Szív|Patkóbél|Bőr|Epehólyag|Vese jobb és bal|Főhörgő|Fűtő"
    ),
    "Croatian": (
        "Želudac|Dušnik|Žučni mjehur|Kralježnična moždina|Mokraćni mjehur|Pluća|Rožnica|Čeljust"
    ),
    "Romanian": ("Măduva spinării|Plămân stâng|Inimă|Splină|Coloană|Vezică"),
    "French": (
        "Moelle épinière|Côlon|Cœur|Œsophage|Vésicule biliaire|Trachée|Intestin grêle|Duodénum|"
        "Artère|Crâne|Péricarde|Côtes|Canal médullaire|Tête fémorale|Poumon droit élargi|"
        "Région|Résidu|Glande sous-maxillaire à gauche|Œil|Hémi-foie|Prothèse|Lésion 1|"
        "Lymphatique à élargir|Prostate opérée|Vertèbre"
    ),
    "German": (
        "Größe|Zwölffingerdarm|Rückenmark|Speiseröhre|Dünndarm|Luftröhre|Gefäße|Körper|"
        "Übergang|Äußere|Drüse|Leber - GTV ü|Müller|Lunge links außen|Bestrahlungsfläche|"
        "Öffnung|ÄUSSERE KONTUR|HÜFTE|Hüftkopf|Blase gefüllt|Schädel"
    ),
    "Spanish": (
        "Hígado|Médula|Riñón izquierdo|Corazón|Pulmón|Estómago|Esófago|Tráquea|Páncreas|Cañón|"
        "Músculo|Hipófisis|Ojo derecho ñ|Años|Lesión"
    ),
    "Portuguese": (
        "Fígado|Coração|Pulmão esquerdo|Estômago|Esôfago|Baço|Vesícula|Pâncreas|Brônquios|Mão|"
        "Lesão|Órgãos"
    ),
    "Nordic": (
        "Ryggmärg|Hjärta|Spiserør|Magsäck|Lungør|Höger lunga|Vänster njure|Nære|Lever høyre|"
        "Blære|Øsofagus|Lunge hø|Ånd|Håndledd|Öga|Hud på"
    ),
    "Icelandic": ("Mæna|Nýra|Vélinda|Hægri|Smáþarmar|Gallblaðra|Þvagblaðra|Húð|Líður"),
    "Turkish": (
        "Karaciğer|Akciğer|Böbrek|Bağırsak|Sağ böbrek|Göğüs|Kalın bağırsak|Dalağı|Ağız|Işık|Şişlik"
    ),
    "Chinese": (
        "肝脏|肝|胃|心|肺|脊髓|十二指肠|小肠|食管|左肾|右肾|皮肤|脾|胰腺|气管|肋骨|大血管|"
        "计划靶区|危及器官|膀胱|直肠|股骨头|体轮廓|心脏|全肺|结肠|胆囊|门静脉|腹主动脉|正常肝|"
        "左|右|眼|晶体|脑干|视神经|腮腺|甲状腺|乳腺|骨|肠|剂量线|床|腹腔干|食道下段|肝左叶|"
        "胸壁|臂丛"
    ),
    "Japanese": (
        "肝臓|胃|心臓|肺|脊髄|十二指腸|小腸|食道|腎臓|皮膚|計画標的体積|肝臓(左)|大腸|カンゾウ|"
        "みぎ|ひだり肺|リスク臓器"
    ),
    "Korean": ("간|심장|폐|척수|십이지장|소장|식도|신장|피부|위|왼쪽 신장|간 왼쪽"),
    "Taiwanese": ("肝臟|心臟|胃|肺|脊髓|十二指腸|腎臟|食道|皮膚"),
}

NAMES = {language: tuple(names.split("|")) for language, names in _JOINED.items()}
