<!-- How a part of the board reads on a slide: its HTML becomes the slide's title (a finding), the line
     below it, and a table: columns without a word go, widths follow the longest words, what is
     better or worse keeps its ink. Cards become a table of four rows. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
  xmlns:exsl="http://exslt.org/common" exclude-result-prefixes="exsl"
  xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"
  xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main">
<xsl:param name="part"/>

<!-- Of decisions those taken, the last six: the open ones have a slide of their own. Of assumptions
     the first eight, and whatever is broken or a risk. -->
<xsl:variable name="taken" select="$part = 'Decisions'"/>
<xsl:variable name="every" select="(//thead/tr | //tbody[not(@class)]/tr)[not($taken and td[1] = 'open')]"/>
<xsl:variable name="rows" select="$every[th or not($taken) or position() &gt; last() - 6][position() &lt; 10 or $part != 'Assumptions' or td = 'broken' or td = 'risk']"/>
<xsl:variable name="cards" select="//div[b]"/>
<xsl:variable name="small" select="'abcdefghijklmnopqrstuvwxyz'"/>
<xsl:variable name="capital" select="'ABCDEFGHIJKLMNOPQRSTUVWXYZ'"/>
<xsl:variable name="wide" select="11183000"/>
<xsl:variable name="most" select="40"/>

<xsl:variable name="measured">  <!-- of each column: its place, its longest words -->
  <xsl:for-each select="$rows[1]/th">
    <xsl:variable name="at" select="position()"/>
    <xsl:if test="$rows/td[$at][normalize-space()] and not($taken and (text() = 'options' or text() = 'state')) and ($at &lt; 9 or $part != 'Scenarios side by side')">
      <xsl:for-each select="$rows/*[$at]">
        <xsl:sort select="string-length(normalize-space(concat(self::td, self::th/text())))" data-type="number" order="descending"/>
        <xsl:variable name="long" select="string-length(normalize-space(concat(self::td, self::th/text())))"/>
        <xsl:if test="position() = 1">
          <column at="{$at}" long="{6 + $long * ($long &lt; $most) + $most * ($long &gt;= $most)}"/>
        </xsl:if>
      </xsl:for-each>
    </xsl:if>
  </xsl:for-each>
  <xsl:if test="not($rows)">
    <xsl:for-each select="$cards"><column at="{position()}" long="20"/></xsl:for-each>
  </xsl:if>
</xsl:variable>
<xsl:variable name="columns" select="exsl:node-set($measured)/column"/>
<xsl:variable name="letters" select="sum($columns/@long)"/>
<xsl:variable name="size">  <!-- of the letters, in points -->
  <xsl:choose>
    <xsl:when test="not($rows)">12</xsl:when>
    <xsl:when test="count($rows) &lt; 12 and $letters &lt; 122">16</xsl:when>
    <xsl:when test="count($rows) &lt; 13 and $letters &lt; 145">14</xsl:when>
    <xsl:when test="count($rows) &lt; 18 and $letters &lt; 178">12</xsl:when>
    <xsl:otherwise>11</xsl:otherwise>
  </xsl:choose>
</xsl:variable>

<xsl:template match="/">
  <xsl:variable name="said"><xsl:call-template name="title"/></xsl:variable>
  <slide title="{$said}">
    <xsl:attribute name="below">
      <xsl:variable name="answer" select="normalize-space(//p[@class='answer'])"/>
      <xsl:variable name="note" select="substring-before(concat(normalize-space(//*[@class='sub' or @class='note']), '; a family opens'), '; a family opens')"/>
      <xsl:value-of select="concat(translate(substring($note, 1, 1), $small, $capital), substring($note, 2))"/>
      <xsl:value-of select="normalize-space(substring-after($answer, normalize-space(//p[@class='answer']/b)))"/>
    </xsl:attribute>
    <xsl:if test="$columns and string($said)">
      <xsl:call-template name="frame"/>
    </xsl:if>
  </slide>
</xsl:template>

<!-- The finding that a part's title says; a part not named here has a title that is one, or is shown
     under its name. -->
<xsl:template name="title">
  <xsl:variable name="head" select="$rows[1]/th"/>
  <xsl:variable name="change" select="count($head[text() = 'change']/preceding-sibling::th) + 1"/>
  <xsl:variable name="most" select="count($head[text() = 'most in']/preceding-sibling::th) + 1"/>
  <xsl:variable name="there" select="count($head[text() = 'there, change']/preceding-sibling::th) + 1"/>
  <xsl:variable name="unit" select="concat(' ', normalize-space($head[$change]/small))"/>
  <xsl:choose>
    <xsl:when test="$part = 'What changed' and $head[text() = 'change'] and $most &gt; 1 and $there &gt; 1">
      <xsl:value-of select="concat($rows[2]/td[1], ' moved most since last cycle: ', $rows[2]/td[$change], $unit, ', of it ', $rows[2]/td[$most], ' ', $rows[2]/td[$there], $unit)"/>
    </xsl:when>
    <xsl:when test="$part = 'What changed'"/>  <!-- the first cycle: nothing to compare with -->
    <xsl:when test="//h2 = 'Families by revenue'">
      <xsl:value-of select="concat($rows[3]/td[1], ' brings ', $rows[3]/td[2], ' of the company’s ', $rows[2]/td[2], ' ', $head[2]/small)"/>
    </xsl:when>
    <xsl:when test="$part = 'What moved the margin since last cycle' and $head[text() = 'change']">
      <xsl:value-of select="concat('Since last cycle the margin moved ', $rows[2]/td[$change], $unit, ', most by ', $rows[3]/td[1], ': ', $rows[3]/td[$change], $unit)"/>
    </xsl:when>
    <xsl:when test="$part = 'What moves the margin from budget to plan' and $head[text() = 'change']">
      <xsl:value-of select="concat('The margin is ', translate($rows[2]/td[$change], '−+', ''), $unit, substring(' under over', 1 + 6 * starts-with($rows[2]/td[$change], '+'), 6 - starts-with($rows[2]/td[$change], '+')), ' its budget, most by ', $rows[3]/td[1], ': ', $rows[3]/td[$change], $unit)"/>
    </xsl:when>
    <xsl:when test="$part = 'Ways to close the gaps' and $head[text() = 'margin gained']">
      <xsl:variable name="gain" select="count($head[text() = 'margin gained']/preceding-sibling::th) + 1"/>
      <xsl:choose>
        <xsl:when test="starts-with($rows[2]/td[1], 'Together')">The best of them together</xsl:when>
        <xsl:otherwise><xsl:value-of select="$rows[2]/td[1]"/></xsl:otherwise>
      </xsl:choose>
      <xsl:value-of select="concat(' brings most: ', $rows[2]/td[$gain], ' ', $head[$gain]/small, ' of margin')"/>
    </xsl:when>
    <xsl:when test="$part = 'Scenarios side by side' and not($rows/td/b)">No other plan does better or worse than the base plan</xsl:when>
    <xsl:when test="$part = 'Scenarios side by side'">
      <xsl:value-of select="concat('The base plan is best, or as good as any, in ', count($rows/td[count($head[text() = 'base']/preceding-sibling::th) + 1]/b), ' of ', count($rows/td[1]), ' measures')"/>
    </xsl:when>
    <xsl:when test="$part = 'Assumptions'">
      <xsl:value-of select="concat(count($every/td[. = 'broken']), ' of ', count($every[td = 'broken' or td = 'held' or td = 'not yet' or td = 'no data']), ' assumptions broken, ', count($every/td[. = 'held']), ' held')"/>
    </xsl:when>
    <xsl:when test="$part = 'Decisions'">
      <xsl:variable name="seen" select="count($rows[1]/th[starts-with(text(), 'brought')][1]/preceding-sibling::th) + 1"/>
      <xsl:value-of select="concat('Decided before: ', count($every/td[1]), '; the effect of ', count($every/td[$seen][$seen &gt; 1][normalize-space()]), ' is seen')"/>
    </xsl:when>
    <xsl:when test="//h2 | //p/b"><xsl:value-of select="normalize-space(//h2 | //p/b)"/></xsl:when>
    <xsl:otherwise><xsl:value-of select="$part"/></xsl:otherwise>
  </xsl:choose>
</xsl:template>

<xsl:template name="frame">
  <p:graphicFrame>
    <p:nvGraphicFramePr><p:cNvPr id="4" name="Table"/><p:cNvGraphicFramePr><a:graphicFrameLocks noGrp="1"/></p:cNvGraphicFramePr><p:nvPr/></p:nvGraphicFramePr>
    <p:xfrm><a:off x="503000" y="{1650000 + 2330000 * not($rows)}"/><a:ext cx="{$wide}" cy="400000"/></p:xfrm>
    <a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/table"><a:tbl>
      <a:tblPr firstRow="1"><a:tableStyleId>{5C22544A-7EE6-4342-B048-85BDC9FD1C3A}</a:tableStyleId></a:tblPr>
      <a:tblGrid>
        <xsl:for-each select="$columns"><a:gridCol w="{round($wide * @long div $letters)}"/></xsl:for-each>
      </a:tblGrid>
      <xsl:for-each select="$rows">
        <xsl:variable name="row" select="."/>
        <a:tr h="{$size * 25000 - 2500 * $size * (count($rows) &gt; 13)}">
          <xsl:for-each select="$columns">
            <xsl:variable name="at" select="number(@at)"/>
            <xsl:apply-templates select="$row/*[$at]" mode="cell"/>
          </xsl:for-each>
        </a:tr>
      </xsl:for-each>
      <xsl:if test="not($rows)">
        <xsl:variable name="lines" select="$cards[1]/*[position() &lt; 5]"/>
        <xsl:for-each select="$lines">
          <xsl:variable name="line" select="position()"/>
          <a:tr h="360000">
            <xsl:for-each select="$cards"><xsl:apply-templates select="*[$line]" mode="cell"/></xsl:for-each>
          </a:tr>
        </xsl:for-each>
      </xsl:if>
    </a:tbl></a:graphicData></a:graphic>
  </p:graphicFrame>
</xsl:template>

<xsl:template match="*" mode="cell">
  <xsl:variable name="css" select="concat(' ', .//@class, ' ', substring-after(self::em/../@class, 'kpi'), ' ')"/>
  <xsl:variable name="ink">
    <xsl:choose>
      <xsl:when test="contains($css, ' hot ')">FFFFFF</xsl:when>
      <xsl:when test="contains($css, ' better ') or contains($css, ' ok ') or . = 'held'">006B50</xsl:when>
      <xsl:when test="contains($css, ' worse ') or contains($css, ' miss ') or . = 'broken'">B34607</xsl:when>
      <xsl:when test="contains($css, ' watch ')">8A6100</xsl:when>
      <xsl:when test="self::th or self::span or self::i">5F6368</xsl:when>
      <xsl:otherwise>222222</xsl:otherwise>
    </xsl:choose>
  </xsl:variable>
  <xsl:variable name="bold" select="number(b or self::b or self::em or ../@class = 'total' or ../@class = 'company' or contains($css, ' hot '))"/>
  <xsl:variable name="points" select="$size * not(self::b) + 24 * boolean(self::b)"/>
  <a:tc>
    <a:txBody><a:bodyPr/><a:lstStyle/>
      <xsl:for-each select="self::th/text() | self::th/small | self::*[not(self::th)]">
        <a:p>
          <a:pPr><xsl:if test="contains(ancestor-or-self::*/@style, 'right')"><xsl:attribute name="algn">r</xsl:attribute></xsl:if></a:pPr>
          <xsl:variable name="words" select="normalize-space(.)"/>
          <xsl:if test="$words">
            <a:r>
              <a:rPr lang="en-US" sz="{$points * 100 - 200 * boolean(self::small)}" b="{$bold}"><a:solidFill><a:srgbClr val="{$ink}"/></a:solidFill></a:rPr>
              <xsl:choose>
                <xsl:when test="self::text()"><a:t><xsl:value-of select="concat(translate(substring($words, 1, 1), $small, $capital), substring($words, 2))"/></a:t></xsl:when>
                <xsl:otherwise><a:t><xsl:value-of select="$words"/></a:t></xsl:otherwise>
              </xsl:choose>
            </a:r>
          </xsl:if>
          <a:endParaRPr lang="en-US" sz="{$points * 100}"/>
        </a:p>
      </xsl:for-each>
      <xsl:if test="self::th[not(text() | small)]"><a:p/></xsl:if>
    </a:txBody>
    <a:tcPr anchor="ctr" marL="{91440 * boolean($rows)}" marT="30000" marB="30000">
      <xsl:if test="self::th"><xsl:attribute name="anchor">b</xsl:attribute></xsl:if>
      <xsl:choose>
        <xsl:when test="contains($css, ' hot ')"><a:solidFill><a:srgbClr val="C4500A"/></a:solidFill></xsl:when>
        <xsl:when test="contains($css, ' warm ')"><a:solidFill><a:srgbClr val="F4D9C6"/></a:solidFill></xsl:when>
      </xsl:choose>
    </a:tcPr>
  </a:tc>
</xsl:template>
</xsl:stylesheet>
